namespace ServeSim.Policies.Goodput;

/// <summary>A request as the batch selection of JITServe's artifact sees it.</summary>
/// <param name="Place">Position in the caller's list: waiting requests first, then swapped, then running ones.</param>
/// <param name="Length">Prompt and output tokens so far.</param>
/// <param name="Score">Negative density: smaller is better.</param>
/// <param name="IsRunning">True if it holds a place now.</param>
public readonly record struct ArtifactCandidate(int Place, int Length, double Score, bool IsRunning);

/// <summary>The two batch selections of JITServe's artifact: bins of similar length, and a window over lengths.</summary>
public sealed class ArtifactSelection
{
    private readonly List<ArtifactCandidate> _top = [];
    private readonly List<int> _binOrder = [];

    /// <summary>The best by score that stood for selection, in that order.</summary>
    public IReadOnlyList<ArtifactCandidate> Top => _top;

    /// <summary>The same by length.</summary>
    public List<ArtifactCandidate> ByLength { get; } = [];

    /// <summary>Requests in each bin but the last.</summary>
    public int BinSize { get; private set; }

    /// <summary>Bins from the best to the worst.</summary>
    public IReadOnlyList<int> BinOrder => _binOrder;

    /// <summary>Lengths of the chosen group: the shortest and one more than the longest.</summary>
    public (int Least, int Beyond) Range { get; private set; }

    /// <summary>True if lengths beyond the range belong to the group too: it was the last bin.</summary>
    public bool IsOpenEnded { get; private set; }

    /// <summary>Sum of the chosen group's scores.</summary>
    public double GroupScore { get; private set; }

    /// <summary>Position of the chosen window in <see cref="ByLength"/>.</summary>
    public int WindowStart { get; private set; }

    /// <summary>Whom the next frames serve, in order.</summary>
    public List<ArtifactCandidate> Queue { get; } = [];

    /// <summary>Running requests that are to make room, in their order.</summary>
    public List<ArtifactCandidate> Leaving { get; } = [];

    /// <summary>Bins of similar length out of the best <paramref name="topFactor"/> batches; the bin worth most is served first.</summary>
    public void ChooseBin(ReadOnlySpan<ArtifactCandidate> requests, int batchSize, int topFactor)
    {
        TakeTop(requests, batchSize, topFactor);
        if (_top.Count == 0) return;
        BinSize = Math.Max(batchSize, _top.Count / topFactor);
        var bins = (_top.Count + BinSize - 1) / BinSize;
        for (var bin = 0; bin < bins; bin++) _binOrder.Add(bin);
        var sums = new double[bins];
        for (var i = 0; i < _top.Count; i++) sums[i / BinSize] += ByLength[i].Score;
        _binOrder.Sort((a, b) => sums[a] != sums[b] ? sums[a].CompareTo(sums[b]) : a.CompareTo(b));

        // A short bin takes in its neighbours, nearest first.
        var (first, last, members) = (_binOrder[0], _binOrder[0], Bin(_binOrder[0]).Count);
        for (var reach = 1; members < batchSize && reach < bins; reach++)
        {
            if (_binOrder[0] - reach >= 0) members += Bin(first = _binOrder[0] - reach).Count;
            if (members < batchSize && _binOrder[0] + reach < bins) members += Bin(last = _binOrder[0] + reach).Count;
        }

        GroupScore = sums[_binOrder[0]];
        Serve(requests, ByLength.GetRange(first * BinSize, Math.Min(_top.Count, (last + 1) * BinSize) - (first * BinSize)), last == bins - 1, isBin: true);
    }

    /// <summary>Of the best <paramref name="topFactor"/> batches the window of similar lengths that is worth most.</summary>
    public void ChooseWindow(ReadOnlySpan<ArtifactCandidate> requests, int batchSize, int topFactor)
    {
        TakeTop(requests, batchSize, topFactor);
        if (_top.Count == 0) return;
        var size = Math.Min(batchSize, _top.Count);
        GroupScore = double.PositiveInfinity;
        for (var start = 0; start + size <= _top.Count; start++)
        {
            double sum = 0;
            for (var i = start; i < start + size; i++) sum += ByLength[i].Score;
            if (sum < GroupScore) (GroupScore, WindowStart) = (sum, start);
        }

        Serve(requests, ByLength.GetRange(WindowStart, size), isLast: true, isBin: false);
    }

    /// <summary>Members of a bin.</summary>
    public IReadOnlyList<ArtifactCandidate> Bin(int bin) => ByLength.GetRange(bin * BinSize, Math.Min(BinSize, _top.Count - (bin * BinSize)));

    private void TakeTop(ReadOnlySpan<ArtifactCandidate> requests, int batchSize, int topFactor)
    {
        _top.Clear();
        ByLength.Clear();
        _binOrder.Clear();
        Queue.Clear();
        Leaving.Clear();
        WindowStart = 0;
        _top.AddRange(requests);
        _top.Sort((a, b) => a.Score != b.Score ? a.Score.CompareTo(b.Score) : a.Place.CompareTo(b.Place));
        var count = Math.Min(_top.Count, batchSize * topFactor);
        _top.RemoveRange(count, _top.Count - count);
        ByLength.AddRange(_top);
        var rank = new Dictionary<int, int>();
        for (var i = 0; i < _top.Count; i++) rank[_top[i].Place] = i;
        ByLength.Sort((a, b) => a.Length != b.Length ? a.Length.CompareTo(b.Length) : rank[a.Place].CompareTo(rank[b.Place]));
    }

    /// <summary>
    /// The group, behind others of its lengths (the last found first) and before running ones that it leaves alone; running
    /// requests outside its lengths leave. As in the artifact, the window has no upper length.
    /// </summary>
    private void Serve(ReadOnlySpan<ArtifactCandidate> requests, List<ArtifactCandidate> group, bool isLast, bool isBin)
    {
        Range = (group[0].Length, group[^1].Length + 1);
        IsOpenEnded = isLast;
        foreach (ref readonly var one in requests)
            if (!one.IsRunning && IsInRange(one) && !group.Contains(one)) Queue.Insert(0, one);
        Queue.AddRange(group);
        foreach (ref readonly var one in requests)
        {
            if (!one.IsRunning || group.Contains(one)) continue;
            if (IsInRange(one)) Queue.Add(one);
            else Leaving.Add(one);
        }
    }

    private bool IsInRange(in ArtifactCandidate one) => one.Length >= Range.Least && (IsOpenEnded || one.Length < Range.Beyond);
}
