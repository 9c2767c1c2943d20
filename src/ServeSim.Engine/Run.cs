using ServeSim.Abstractions;
using ServeSim.Engine.Cluster;
using ServeSim.Engine.Events;

namespace ServeSim.Engine;

/// <summary>What the parts of one run share.</summary>
internal sealed class Run(RequestTable table, IRunObserver observer, Gateway router, ITrafficSource source, string policyName, EngineOptions options)
{
    private readonly bool[] _isTouched = new bool[options.Instances];
    private readonly RequestOutcomeCounts _counts = new();
    private Fingerprint _ends;
    private ClientClock? _clients;

    public RequestTable Table => table;
    public IRunObserver Observer => observer;
    public Gateway Router => router;
    public string PolicyName => policyName;
    public EventQueue Events { get; } = new();
    public ClientClock Clients => _clients ??= new(table, Events);
    public EndTimes Ends { get; } = new(options.Instances);
    public SimTime Now { get; set; }

    /// <summary>Events that the caller of the loop still wants handled.</summary>
    public long EventsLeft { get; set; }

    /// <summary>The last instant in which every instance has planned.</summary>
    public SimTime PlannedAt { get; set; } = new(-1);

    /// <summary>True while the last instance of an instant plans: then what comes next is known.</summary>
    public bool IsInstantPlanned { get; set; }

    /// <summary>True if all that is reported must be in the order of time, over all instances.</summary>
    public bool KeepsOrder { get; } = observer.NeedsTimeOrder && options.Instances > 1;

    /// <summary>As the source said when it last changed: it is asked only then.</summary>
    public SimTime NextArrival { get; private set; }

    /// <summary>Instances to which something has happened in this instant.</summary>
    public List<int> Touched { get; } = [];

    /// <summary>Time of the next event of queue, iterations and source together, or <see cref="SimTime.Never"/>.</summary>
    public SimTime NextTime
    {
        get
        {
            var next = NextArrival < Events.NextTime ? NextArrival : Events.NextTime;
            return Ends.NextTime < next ? Ends.NextTime : next;
        }
    }

    /// <summary>
    /// A time before which an instance may run ahead: for one instance alone the next arrival is for it, and where order
    /// counts nothing may happen meanwhile.
    /// </summary>
    public SimTime RunAheadLimit => (KeepsOrder, options.Instances) switch
    {
        (true, _) when !IsInstantPlanned => SimTime.Zero,
        (true, _) => Earlier(NextTime, options.Horizon),
        (_, 1) => NextArrival,
        _ => SimTime.Never,
    };

    public RequestOutcomeCounts Counts => _counts;
    public int WaitingRequests { get; private set; }
    public ulong EndsFingerprint => _ends.Value;

    /// <summary>Something has happened to an instance: it plans when the instant is closed.</summary>
    public void Touch(int instance)
    {
        if (_isTouched[instance]) return;
        _isTouched[instance] = true;
        Touched.Add(instance);
    }

    /// <summary>The instance plans now.</summary>
    public void Untouch(int instance) => _isTouched[instance] = false;

    /// <summary>The source has given a request away, or learned something.</summary>
    public void LookForArrival() => NextArrival = source.NextArrival;

    public void CountWaiting(int change) => WaitingRequests += change;

    /// <summary>Closes a request's account; every arrived request comes through here exactly once (INV-2).</summary>
    public void End(int row, RequestState state, string? reason)
    {
        ref readonly var fields = ref table[row];
        table[row].State = state;
        if (fields.Instance != RequestTable.NoRow) router.OnEnded(row);
        var outcome = state switch
        {
            RequestState.Finished => RequestOutcome.Finished,
            RequestState.Rejected => RequestOutcome.Rejected,
            RequestState.Aborted => RequestOutcome.Aborted,
            _ => RequestOutcome.Unfinished,
        };
        _counts.Add(outcome);
        _ends.Add(fields.Number);
        _ends.Add(Now.Nanoseconds);
        _ends.Add((long)outcome);
        ref readonly var spec = ref fields.Spec;
        var record = new RequestRecord
        {
            Number = fields.Number,
            Id = spec.Id,
            Outcome = outcome,
            Reason = reason,
            Arrival = spec.Arrival,
            InputTokens = spec.InputTokens,
            OutputTokens = spec.OutputTokens,
            GeneratedTokens = fields.Generated,
            Instance = fields.Instance,
            Scheduled = Known(fields.ScheduledAt),
            FirstToken = Known(fields.FirstTokenAt),
            Finished = outcome == RequestOutcome.Finished ? fields.LastTokenAt : null,
            Ended = Now,
            MaxTbt = fields.MaxGap,
            Preemptions = fields.Preemptions,
            RecomputedTokens = fields.RecomputedTokens,
            OnTimeTokens = fields.OnTimeTokens,
            Tenant = spec.Tenant,
            SloClass = spec.SloClass,
            SloKind = spec.SloKind ?? (spec.Slo ?? SloLimits.None).ImpliedKind,
            Slo = spec.Slo ?? SloLimits.None,
        };
        observer.OnRequestEnded(record);
        source.OnEnded(record, state, Now);
        LookForArrival();
    }

    private static SimTime Earlier(SimTime a, SimTime b) => a < b ? a : b;

    private static SimTime? Known(SimTime time) => time == SimTime.Never ? null : time;
}

/// <summary>Requests by how they ended.</summary>
internal sealed class RequestOutcomeCounts
{
    public long Finished { get; private set; }
    public long Rejected { get; private set; }
    public long Aborted { get; private set; }
    public long Unfinished { get; private set; }

    public void Add(RequestOutcome outcome)
    {
        switch (outcome)
        {
            case RequestOutcome.Finished: Finished++; break;
            case RequestOutcome.Rejected: Rejected++; break;
            case RequestOutcome.Aborted: Aborted++; break;
            default: Unfinished++; break;
        }
    }
}
