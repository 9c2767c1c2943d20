using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Engine.Events;

namespace ServeSim.Engine.Cluster;

/// <summary>
/// Clients that lose patience. Each has one event in the queue: when it comes, the client looks whether its time is over and if not when
/// it may be; tokens themselves set no clock.
/// </summary>
internal sealed class ClientClock(RequestTable table, EventQueue events)
{
    /// <summary>Events in the queue, those of ended requests included.</summary>
    public int Pending { get; private set; }

    /// <summary>A request has come to its instance.</summary>
    public void Start(int row, SimTime now)
    {
        if (table[row].Spec.Patience is { } patience) LookAgain(row, NextLook(row, patience, now));
    }

    /// <summary>True if the request of this event has ended meanwhile: nothing happens.</summary>
    public bool IsStale(in SimEvent next) =>
        next.Rank == EventRank.GiveUp && (table[next.Target].State == RequestState.None || table[next.Target].GiveUpAt != next.Time);

    /// <summary>An event has left the queue.</summary>
    public void Taken() => Pending--;

    /// <summary>Why the client gives up now, or null: then it looks again later.</summary>
    public string? Look(int row, SimTime now)
    {
        var patience = table[row].Spec.Patience!;
        if (Deadline(row, patience) > now)
        {
            LookAgain(row, NextLook(row, patience, now));
            return null;
        }

        table[row].GiveUpAt = SimTime.Never;
        return HasToken(row)
            ? string.Create(CultureInfo.InvariantCulture, $"the client gave up: no token for {patience.NextToken!.Value.Seconds} s")
            : string.Create(CultureInfo.InvariantCulture, $"the client gave up: no first token in {patience.FirstToken!.Value.Seconds} s");
    }

    private bool HasToken(int row) => table.UnwrittenTokens(row) + table[row].Generated > 0;

    private SimTime Deadline(int row, ClientPatience patience) => HasToken(row)
        ? After(new RequestView(table, row).LastTokenAt, patience.NextToken)
        : After(table[row].Spec.Arrival, patience.FirstToken);

    /// <summary>Before the first token it looks often enough that no later gap escapes.</summary>
    private SimTime NextLook(int row, ClientPatience patience, SimTime now)
    {
        var deadline = Deadline(row, patience);
        if (HasToken(row)) return deadline;
        var gap = After(now, patience.NextToken);
        return gap < deadline ? gap : deadline;
    }

    private void LookAgain(int row, SimTime time)
    {
        table[row].GiveUpAt = time;
        if (time == SimTime.Never) return;
        Pending++;
        events.Push(time, EventRank.GiveUp, row);
    }

    private static SimTime After(SimTime time, SimDuration? span) => span is { } known ? time + known : SimTime.Never;
}
