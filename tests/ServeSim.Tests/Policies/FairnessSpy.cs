using ServeSim.Abstractions;
using ServeSim.Policies.Fairness;

namespace ServeSim.Tests.Policies;

/// <summary>Notes who is admitted and ends, and the counters, by the second in which an iteration starts.</summary>
internal sealed class FairnessSpy(FairPolicy inner, IReadOnlyList<string> tenants) : IBatchPolicy
{
    private readonly List<long> _ended = [];

    public List<(int Tick, long Number)> Admissions { get; } = [];

    public List<(int Tick, long Number)> Ends { get; } = [];

    public Dictionary<int, Dictionary<string, double>> Counters { get; } = [];

    /// <summary>Counters after each arrival.</summary>
    public List<Dictionary<string, double>> AtArrival { get; } = [];

    /// <summary>Counters after each plan before which every tenant waited.</summary>
    public List<Dictionary<string, double>> WhileAllWait { get; } = [];

    public delegate void Look(in InstanceView view);

    /// <summary>Called before each plan.</summary>
    public Look? BeforePlan { get; init; }

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        BeforePlan?.Invoke(view);
        var waiting = new HashSet<string>();
        foreach (var request in view.Waiting) waiting.Add(request.Tenant);
        inner.Plan(view, plan);
        if (waiting.Count == tenants.Count) WhileAllWait.Add(Now());
    }

    public void OnArrived(in RequestView request)
    {
        inner.OnArrived(request);
        AtArrival.Add(Now());
    }

    public void OnPreempted(in RequestView request) => inner.OnPreempted(request);

    public void OnFinished(in RequestView request)
    {
        inner.OnFinished(request);
        _ended.Add(request.Number);
    }

    public void OnIterationEnd(in IterationView iteration)
    {
        var tick = (int)iteration.Start.Seconds;
        foreach (ref readonly var entry in iteration.Entries)
            if (!entry.IsDecode) Admissions.Add((tick, entry.Number));
        Ends.AddRange(_ended.Select(number => (tick, number)));
        _ended.Clear();
        Counters[tick] = Now();
    }

    private Dictionary<string, double> Now() => tenants.ToDictionary(t => t, inner.CounterOf);
}
