using ServeSim.Abstractions;
using ServeSim.Engine.Cluster;
using ServeSim.Engine.Events;

namespace ServeSim.Engine;

/// <summary>What the parts of one run share.</summary>
internal sealed class Run(RequestTable table, IRunObserver observer, Gateway router, ITrafficSource source, string policyName, SimTime horizon)
{
    private readonly RequestOutcomeCounts _counts = new();
    private Fingerprint _ends;

    public RequestTable Table => table;
    public IRunObserver Observer => observer;
    public Gateway Router => router;
    public string PolicyName => policyName;
    public EventQueue Events { get; } = new();
    public SimTime Now { get; set; }

    /// <summary>Events that the caller of the loop still wants handled.</summary>
    public long EventsLeft { get; set; }

    /// <summary>True while the last instance of an instant plans: then what comes next is known.</summary>
    public bool IsInstantPlanned { get; set; }

    public RequestOutcomeCounts Counts => _counts;
    public int WaitingRequests { get; private set; }
    public ulong EndsFingerprint => _ends.Value;

    /// <summary>Counts an iteration end as handled if it comes strictly before all that is to come, and inside the horizon.</summary>
    public bool TryHandleAhead(SimTime end)
    {
        if (EventsLeft <= 1 || end > horizon || end >= Events.NextTime || end >= source.NextArrival) return false;
        EventsLeft--;
        Now = end;
        return true;
    }

    public void CountWaiting(int change) => WaitingRequests += change;

    /// <summary>Closes a request's account; every arrived request comes through here exactly once (INV-2).</summary>
    public void End(int row, RequestState state, string? reason)
    {
        table.State[row] = state;
        if (table.Instance[row] != RequestTable.NoRow) router.OnEnded(row);
        var outcome = state switch
        {
            RequestState.Finished => RequestOutcome.Finished,
            RequestState.Rejected => RequestOutcome.Rejected,
            _ => RequestOutcome.Unfinished,
        };
        _counts.Add(outcome);
        _ends.Add(table.Number[row]);
        _ends.Add(Now.Nanoseconds);
        _ends.Add((long)outcome);
        observer.OnRequestEnded(new RequestRecord
        {
            Number = table.Number[row],
            Id = table.Spec[row].Id,
            Outcome = outcome,
            Reason = reason,
            Arrival = table.Spec[row].Arrival,
            InputTokens = table.Spec[row].InputTokens,
            OutputTokens = table.Spec[row].OutputTokens,
            GeneratedTokens = table.Generated[row],
            Instance = table.Instance[row],
            Scheduled = Known(table.ScheduledAt[row]),
            FirstToken = Known(table.FirstTokenAt[row]),
            Finished = outcome == RequestOutcome.Finished ? table.LastTokenAt[row] : null,
            MaxTbt = table.MaxGap[row],
            Preemptions = table.Preemptions[row],
            RecomputedTokens = table.RecomputedTokens[row],
            OnTimeTokens = table.OnTimeTokens[row],
            Tenant = table.Spec[row].Tenant,
            SloClass = table.Spec[row].SloClass,
            SloKind = table.Spec[row].SloKind ?? (table.Spec[row].Slo ?? SloLimits.None).ImpliedKind,
            Slo = table.Spec[row].Slo ?? SloLimits.None,
        });
        source.OnEnded(table.Spec[row].Id, state, Now);
    }

    private static SimTime? Known(SimTime time) => time == SimTime.Never ? null : time;
}

/// <summary>Requests by how they ended.</summary>
internal sealed class RequestOutcomeCounts
{
    public long Finished { get; private set; }
    public long Rejected { get; private set; }
    public long Unfinished { get; private set; }

    public void Add(RequestOutcome outcome)
    {
        switch (outcome)
        {
            case RequestOutcome.Finished: Finished++; break;
            case RequestOutcome.Rejected: Rejected++; break;
            default: Unfinished++; break;
        }
    }
}
