using ServeSim.Abstractions;
using ServeSim.Workloads.Readers;

namespace ServeSim.Workloads;

/// <summary>
/// Who waits for whom. Ended requests are remembered until so many records later that none may name them any more,
/// so that memory does not grow with the trace.
/// </summary>
internal sealed class DependencyTable(int window)
{
    private readonly Dictionary<ulong, Node> _known = [];
    private readonly Queue<ulong> _order = new();
    private readonly Dictionary<ulong, List<BlockedRequest>> _unknown = [];

    /// <summary>Requests that wait.</summary>
    public long Blocked { get; private set; }

    /// <summary>Adds a record that has been read; one that waits for nothing alive is refused, with its start.</summary>
    public bool TryHold(TraceRecord record, RequestSpec spec, long number, out SimTime ready)
    {
        var request = new BlockedRequest(record.RequestId, number, spec, record.Delay, record.Arrival ?? SimTime.Zero, record.WaitFor ?? []);
        Register(IdHash.Of(record.RequestId), request);
        foreach (var parent in request.WaitFor.Distinct(StringComparer.Ordinal))
        {
            var hash = IdHash.Of(parent);
            if (_known.TryGetValue(hash, out var node))
            {
                if (node.End is { } end) request.ParentEnded(end);
                else
                {
                    (node.Children ??= []).Add(request);
                    request.Remaining++;
                }
            }
            else
            {
                if (!_unknown.TryGetValue(hash, out var waiting)) _unknown[hash] = waiting = [];
                waiting.Add(request);
                request.Remaining++;
            }
        }

        ready = request.Start;
        if (request.Remaining == 0) return false;
        Blocked++;
        return true;
    }

    /// <summary>A request has ended; returns those that it was the last to hold back.</summary>
    public IEnumerable<BlockedRequest> End(string requestId, SimTime now)
    {
        if (!_known.TryGetValue(IdHash.Of(requestId), out var node)) yield break;
        node.End = now;
        var children = node.Children ?? [];
        node.Children = null;
        foreach (var child in children)
        {
            child.ParentEnded(now);
            if (--child.Remaining > 0) continue;
            Blocked--;
            yield return child;
        }
    }

    /// <summary>Everything has been read: a parent that never came is an error, and so is a circle.</summary>
    /// <exception cref="InputException">T041 or T042.</exception>
    public void CheckComplete(string source)
    {
        var problems = new List<string>();
        foreach (var child in _unknown.Values.SelectMany(waiting => waiting).OrderBy(child => child.Number).DistinctBy(child => child.Number))
        {
            var missing = child.WaitFor.First(parent => _unknown.ContainsKey(IdHash.Of(parent)));
            problems.Add(FormattableString.Invariant($"{source}: error T041: record {child.Number} ({child.Id}): wait_for names \"{missing}\", which does not exist or lies more than {window} records away"));
            if (problems.Count == ProblemLog.MaxListed) break;
        }

        if (problems.Count == 0 && FindCycle() is { } cycle) problems.Add($"{source}: error T042: dependency cycle: {cycle}");
        if (problems.Count > 0) throw new InputException(problems);
    }

    private void Register(ulong hash, BlockedRequest request)
    {
        var node = new Node { Request = request.WaitFor.Count > 0 ? request : null };
        if (!_known.TryAdd(hash, node)) return;
        if (_unknown.Remove(hash, out var waiting)) node.Children = waiting;
        _order.Enqueue(hash);

        // A live parent stays as long as it has children; only the ended and the childless may be forgotten.
        if (_order.Count <= window) return;
        var oldest = _order.Dequeue();
        if (_known[oldest].Children is null) _known.Remove(oldest);
        else _order.Enqueue(oldest);
    }

    /// <summary>Walks from child to parent among the waiting; every request is entered once.</summary>
    private string? FindCycle()
    {
        var done = new HashSet<BlockedRequest>();
        foreach (var start in _known.Values.Select(node => node.Request).OfType<BlockedRequest>().OrderBy(request => request.Number))
        {
            var path = new List<(BlockedRequest Request, int Next)>();
            var onPath = new HashSet<BlockedRequest>();
            if (start.Remaining > 0 && done.Add(start)) Push(start);
            while (path.Count > 0)
            {
                var (request, next) = path[^1];
                if (next == request.WaitFor.Count)
                {
                    onPath.Remove(request);
                    path.RemoveAt(path.Count - 1);
                    continue;
                }

                path[^1] = (request, next + 1);
                if (!_known.TryGetValue(IdHash.Of(request.WaitFor[next]), out var node) || node.Request is not { Remaining: > 0 } parent) continue;
                if (onPath.Contains(parent))
                    return string.Join(" -> ", path.Select(step => step.Request).SkipWhile(step => step != parent).Select(step => step.Id).Append(parent.Id));
                if (done.Add(parent)) Push(parent);
            }

            void Push(BlockedRequest request)
            {
                path.Add((request, 0));
                onPath.Add(request);
            }
        }

        return null;
    }

    private sealed class Node
    {
        public BlockedRequest? Request { get; init; }

        public SimTime? End { get; set; }

        public List<BlockedRequest>? Children { get; set; }
    }
}
