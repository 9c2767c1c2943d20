using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Engine.Events;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Policies.Routing;

namespace ServeSim.Conformance.Support;

/// <summary>Runs any registered policy on any case.</summary>
internal static class Lab
{
    public static PolicyCatalog Catalog { get; } = PolicyCatalog.Load();

    /// <summary>A third is no sum of halves: charges for t1 are rounded.</summary>
    private static readonly TenantWeights Weights = new([new("t1", 3), new("t2", 0.5)]);

    public static IEnumerable<string> Policies => Catalog.Names(PolicyKind.Policy);

    public static IReadOnlyList<string> Routers { get; } = Catalog.Names(PolicyKind.Router).ToList();

    public static (RunResult Result, RecordingObserver Seen) Run(RandomCase world, string policy, string router, string predictor = "oracle", object? options = null, IEventTap? tap = null, IRunObserver? observer = null)
    {
        var shape = new ClusterShape(world.Options.Instances, world.Options.TotalBlocks, world.Options.BlockSize, 4096, world.Cost.PipelineStages, world.Cost);
        var context = new PolicyContext((ulong)world.Seed, shape, new TrueLengths(), Tenants: Weights);
        context = context with { Predictor = Catalog.CreatePredictor(new PredictorChoice(predictor), context) };
        var choice = new PolicyChoice(policy) { Options = options ?? Small(policy, world) };
        return Run(world, new NamedPolicies(policy, i => Catalog.CreatePolicy(choice, i, context), router, Catalog.CreateRouter(new RouterChoice(router), context)), tap, observer);
    }

    public static (RunResult Result, RecordingObserver Seen) Run(RandomCase world, NamedPolicies policies, IEventTap? tap = null, IRunObserver? observer = null)
    {
        var seen = observer as RecordingObserver ?? new RecordingObserver();
        var result = new SimulationRun(world.Options, world.MakeSource(), world.Cost, policies, observer ?? seen, tap).Execute();
        return (result, seen);
    }

    /// <summary>A policy of one's own behind round-robin routing.</summary>
    public static NamedPolicies Named(string name, Func<int, IBatchPolicy> policy) => new(name, policy, "round-robin", new RoundRobinRouter());

    /// <summary>Policies that reserve whole sequences get a length that the tiny KV can hold.</summary>
    private static object? Small(string policy, RandomCase world)
    {
        var capacity = world.Options.TotalBlocks * world.Options.BlockSize;
        var type = Catalog.Get(PolicyKind.Policy, policy).OptionsType;
        if (type?.GetProperty("MaxSequenceTokens") is null) return null;
        var constructor = type.GetConstructors().MaxBy(c => c.GetParameters().Length)!;
        return constructor.Invoke(constructor.GetParameters().Select(p => p.Name == "MaxSequenceTokens" ? Math.Min(4096, capacity) : p.DefaultValue).ToArray());
    }
}
