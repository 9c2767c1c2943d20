using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>The fast executor: requests that decode together are advanced by one counter (docs/performance.md).</summary>
internal sealed partial class Instance
{
    private readonly DecodeCohort? _cohort;
    private readonly List<int> _joining = [];

    /// <summary>Brings the rows of the cohort up to date.</summary>
    public void WriteCohort() => _cohort?.WriteAll();

    /// <summary>What has no fast form is stepped: overlapping iterations, costs or policies that look at every member.</summary>
    private static bool CanShareSteps(ICostModel cost, IBatchPolicy policy) =>
        cost.PipelineStages == 1 && !cost.NeedsSequences && !(policy.ReadsEntries && HasIterationEnd(policy));

    private static bool HasIterationEnd(IBatchPolicy policy)
    {
        var map = policy.GetType().GetInterfaceMap(typeof(IBatchPolicy));
        var method = Array.FindIndex(map.InterfaceMethods, m => m.Name == nameof(IBatchPolicy.OnIterationEnd));
        return map.TargetMethods[method]?.DeclaringType != typeof(IBatchPolicy);
    }

    private void AddCohort(Iteration iteration)
    {
        iteration.CohortAt = iteration.Count;
        iteration.CohortOrder = _plan.CohortOrder;
        _cohort!.IsInFlight = true;
    }

    /// <summary>One token for every member; returns their number.</summary>
    private int AdvanceCohort(Iteration iteration, SimTime now, ref GapRun gaps)
    {
        var members = _cohort!.Count;
        gaps.Add(now - _cohort.LastToken, members);
        _guard.Progress();
        _cohort.Advance(now, iteration.CohortOrder, _ended);
        return members;
    }

    private void JoinCohort(SimTime now)
    {
        foreach (var row in _joining) _cohort!.TryJoin(row, now);
        _joining.Clear();
    }

    /// <summary>Tells the observer of equal gaps in a row with one call.</summary>
    private ref struct GapRun(IRunObserver observer)
    {
        private SimDuration _gap;
        private long _count;

        public void Add(SimDuration gap, long count)
        {
            if (gap != _gap)
            {
                Flush();
                _gap = gap;
            }

            _count += count;
        }

        public void Flush()
        {
            if (_count > 0) observer.OnTokenGaps(_gap, _count);
            _count = 0;
        }
    }
}
