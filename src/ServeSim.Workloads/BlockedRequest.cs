using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>A request whose parents have not all ended.</summary>
internal sealed class BlockedRequest(
    string id, long number, RequestSpec spec, SimDuration delay, SimTime recorded, IReadOnlyList<string> waitFor)
{
    private SimTime _lastEnd;

    public string Id => id;

    public long Number => number;

    public IReadOnlyList<string> WaitFor => waitFor;

    public int Remaining { get; set; }

    /// <summary>The later of the recorded time and the pause after the last parent.</summary>
    public SimTime Start
    {
        get
        {
            var follow = waitFor.Count > 0 ? _lastEnd + delay : SimTime.Zero;
            return follow > recorded ? follow : recorded;
        }
    }

    public RequestSpec Spec => spec;

    public void ParentEnded(SimTime end) => _lastEnd = end > _lastEnd ? end : _lastEnd;
}
