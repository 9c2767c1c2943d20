using System.Runtime.InteropServices;

namespace ServeSim.Policies.Goodput;

/// <summary>A request as <see cref="GroupedMargin"/> sees it.</summary>
/// <param name="Id">Breaks ties, the lower first.</param>
/// <param name="Priority">Value per second of engine time.</param>
/// <param name="Length">What requests of a batch should have alike.</param>
public readonly record struct GroupCandidate(long Id, double Priority, int Length);

/// <summary>
/// Grouped margin goodput maximisation: of the requests within a factor of the batch's last place in priority, those of
/// similar length that are worth most together (JITServe, NSDI 2026). O(n log n).
/// </summary>
public sealed class GroupedMargin
{
    private static readonly Comparison<GroupCandidate> ByPriority =
        (a, b) => a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority) : a.Id.CompareTo(b.Id);

    private static readonly Comparison<GroupCandidate> ByLength =
        (a, b) => a.Length != b.Length ? a.Length.CompareTo(b.Length) : a.Id.CompareTo(b.Id);

    private readonly List<GroupCandidate> _requests = [];
    private int _candidates;

    /// <summary>Priority of the batch's last place, or of the last request if there are fewer.</summary>
    public double LastPlacePriority { get; private set; }

    /// <summary>The requests that stood for selection, shortest first.</summary>
    public ReadOnlySpan<GroupCandidate> Candidates => CollectionsMarshal.AsSpan(_requests)[.._candidates];

    /// <summary>Forgets all requests.</summary>
    public void Clear() => _requests.Clear();

    /// <summary>Adds a request.</summary>
    public void Add(in GroupCandidate request) => _requests.Add(request);

    /// <summary>The batch, shortest first; valid until the next call.</summary>
    /// <param name="batchSize">Requests in a batch.</param>
    /// <param name="cutoff">Share of the last place's priority that a candidate must have, in (0, 1].</param>
    public ReadOnlySpan<GroupCandidate> Select(int batchSize, double cutoff)
    {
        var all = CollectionsMarshal.AsSpan(_requests);
        _candidates = 0;
        if (all.IsEmpty) return [];
        all.Sort(ByPriority);
        LastPlacePriority = all[Math.Min(batchSize, all.Length) - 1].Priority;
        while (_candidates < all.Length && all[_candidates].Priority >= cutoff * LastPlacePriority) _candidates++;

        var candidates = all[.._candidates];
        candidates.Sort(ByLength);
        if (candidates.Length <= batchSize) return candidates;

        double sum = 0;
        for (var i = 0; i < batchSize; i++) sum += candidates[i].Priority;
        var (best, start) = (sum, 0);
        for (var i = batchSize; i < candidates.Length; i++)
        {
            sum += candidates[i].Priority - candidates[i - batchSize].Priority;
            if (sum > best) (best, start) = (sum, i - batchSize + 1);
        }

        return candidates.Slice(start, batchSize);
    }
}
