using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Memory;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Policies.Batching;
using ServeSim.Workloads;

namespace ServeSim.Experiments.Validation;

/// <summary>A log of a real engine beside the same requests simulated.</summary>
public sealed record LogReplay
{
    private const int MostBins = 400;

    public required string Name { get; init; }
    public required string Engine { get; init; }
    public required CostModelInfo Cost { get; init; }

    /// <summary>What the replay takes for granted: host, links, parallelism.</summary>
    public required IReadOnlyList<string> Assumptions { get; init; }

    public required int Requests { get; init; }

    /// <summary>Requests that the simulation refused or left; they have no latencies.</summary>
    public required int NotFinished { get; init; }
    public required long Preemptions { get; init; }
    public required IReadOnlyList<LatencyComparison> Latencies { get; init; }

    /// <summary>First arrival to last token.</summary>
    public required NumberComparison Makespan { get; init; }

    /// <summary>Output tokens over the makespan.</summary>
    public required NumberComparison Throughput { get; init; }

    public required double BinSeconds { get; init; }
    public required IReadOnlyList<double> MeasuredThroughput { get; init; }
    public required IReadOnlyList<double> SimulatedThroughput { get; init; }
    public required string Fingerprint { get; init; }

    /// <summary>Area between the two curves of throughput over the area under the measured one.</summary>
    public double ThroughputDeviation => ThroughputCurve.Deviation(MeasuredThroughput, SimulatedThroughput);

    /// <summary>Largest error of mean TPOT, mean E2E and makespan: what a gate looks at.</summary>
    public double WorstError => new[] { Latency("TPOT").Error.Mean, Latency("E2E").Error.Mean, Makespan.Error }.Max(Math.Abs);

    public LatencyComparison Latency(string name) => Latencies.First(l => l.Name == name);

    /// <summary>Replays a log with the configuration beside it; <paramref name="changes"/> win over that.</summary>
    /// <exception cref="InputException">Log or configuration cannot be used.</exception>
    public static LogReplay Run(string path, PolicyCatalog catalog, IReadOnlyList<ScenarioOverride> changes, CancellationToken cancel = default)
    {
        var log = EngineLog.Read(path);
        var config = EngineLogConfig.ReadBeside(path);
        var scenario = new ScenarioReader(catalog).ReadDefaults([.. config.Overrides, .. changes]).Scenario;
        var assumptions = new List<string>();
        var setup = Setup(scenario, catalog, config, assumptions);
        using var source = new ListTrafficSource(log.Requests.Select(r => new RequestSpec
        {
            Id = r.Id,
            Arrival = SimTime.FromSeconds(r.Arrival),
            InputTokens = r.InputTokens,
            OutputTokens = r.OutputTokens,
        }));
        var observer = new FinishedRequests();
        var result = setup.CreateRun(source, observer).Execute(cancel);
        cancel.ThrowIfCancellationRequested();
        return Compare(log, config, setup, observer, assumptions) with { Fingerprint = result.Fingerprint.ToString("x16", CultureInfo.InvariantCulture) };
    }

    private static RunSetup Setup(Scenario scenario, PolicyCatalog catalog, EngineLogConfig config, List<string> assumptions)
    {
        var options = CostOptions.Default with { Host = config.AsyncScheduling ? HostMode.Async : HostMode.Sync };
        var source = config.StatedAsyncScheduling is null ? $"{config.Engine} does so by default" : "as stated";
        assumptions.Add(config.AsyncScheduling
            ? $"host: asynchronous scheduling, hidden behind the iteration before unless it takes longer ({source})"
            : $"host: scheduling between iterations ({source})");
        assumptions.Add("tokens reach the client at the end of their iteration: no tokenizer, network or streaming time");
        if (config.ExpertParallel > 1 && scenario.Parallel is not { Tensor: 1, Pipeline: 1, Expert: 1, Data: 1 })
            throw new InputException("replicas that share experts are supported with tp 1 and pp 1 only, and without parallel.expert and parallel.data");
        if (config.ExpertParallel > 1) return SetupLockstep(scenario, catalog, config, options, assumptions);
        if (config.DataParallel > 1) assumptions.Add($"{config.DataParallel} data-parallel replicas run independently behind the router {scenario.Router.Name}");
        var tensor = scenario.Parallel.Tensor;
        var link = (config.LinkGigabytesPerSecond, config.LinkMicroseconds);
        if (tensor > 1 && scenario.Parallel.Pipeline == 1 && link is ({ } bandwidth and > 0, { } latency))
        {
            assumptions.Add(string.Create(CultureInfo.InvariantCulture, $"links: the stated {bandwidth} GB/s and {latency} us in the place of the cost model's own, rings over {tensor} devices"));
            return new RunSetup(scenario, catalog, options, cost => new StatedLinkCost(cost, tensor, bandwidth, latency));
        }

        if (tensor > 1) assumptions.Add("links: those of the cost model for this GPU");
        return new RunSetup(scenario, catalog, options);
    }

    private static RunSetup SetupLockstep(Scenario scenario, PolicyCatalog catalog, EngineLogConfig config, CostOptions options, List<string> assumptions)
    {
        var (model, replicas) = (ModelCatalog.Get(scenario.Model), config.ExpertParallel);
        if (model.Experts is not { } experts) throw new InputException($"ep is {replicas}, but {model.Name} has no experts");
        if (model.Window is not null || model.LatentAttention is not null)
            throw new InputException($"ep is {replicas}: replicas that share experts are supported for models with full grouped attention only, not for {model.Name}");
        if ((config.LinkGigabytesPerSecond, config.LinkMicroseconds) is not ({ } bandwidth and > 0, { } latency))
            throw new InputException("expert parallelism needs the link: link_GBs and link_latency_us in the configuration");
        if (scenario.Policy.Options is not VllmV1Options limits) throw new InputException("replicas that share experts can be replayed with the policy vllm-v1 only");
        options = options with { DistinctExperts = tokens => ExpertCoverage.Uniform(experts.Experts, experts.ActivePerToken, checked(tokens * replicas)) / replicas };
        assumptions.Add($"{replicas} replicas in lockstep, as one instance of {replicas} times the limits: each has an equal share of the decodes, prompt chunks fall on one of them, the fullest sets the time");
        assumptions.Add(string.Create(CultureInfo.InvariantCulture, $"links: two exchanges a layer between the replicas at the stated {bandwidth} GB/s and {latency} us; experts are chosen evenly"));
        var blocks = scenario.Kv.Blocks ?? ReplicaBlocks(scenario, model, replicas);
        if (scenario.Kv.Blocks is null) assumptions.Add($"KV memory: {blocks} blocks a replica, which holds 1/{replicas} of the experts");
        scenario = scenario with
        {
            Instances = 1,
            Policy = scenario.Policy with { Options = limits with { TokenBudget = replicas * limits.TokenBudget, MaxSequences = replicas * limits.MaxSequences } },
            Kv = scenario.Kv with { Blocks = checked(replicas * blocks) },
        };
        return new RunSetup(scenario, catalog, options, cost => cost.NeedsSequences
            ? throw new InputException($"cost: {scenario.Cost} needs every member of a batch; replicas that share experts are replayed with sums only")
            : new LockstepCost(cost, model, replicas, limits.TokenBudget, bandwidth, latency));
    }

    /// <summary>KV blocks beside all experts, and those that fit where the experts of the other replicas would be.</summary>
    private static int ReplicaBlocks(Scenario scenario, ModelSpec model, int replicas)
    {
        var precision = PrecisionProfile.For(scenario.Precision, model);
        var capacity = KvCapacity.Of(model, AcceleratorCatalog.Get(scenario.Gpu), scenario.Parallel.ToLayout(),
            new CapacityOptions { Utilization = scenario.Kv.MemoryFraction, BlockSize = scenario.Kv.BlockSize }, precision);
        var elsewhere = precision.RoutedExpertBytesOf(model) / replicas * (replicas - 1);
        return checked((int)(capacity.Blocks + (elsewhere / capacity.BlockBytesPerDevice)));
    }

    private static LogReplay Compare(EngineLog log, EngineLogConfig config, RunSetup setup, FinishedRequests observer, List<string> assumptions)
    {
        var finished = observer.Finished.ToList();
        var measured = log.Requests;
        var first = measured[0].Arrival;
        var (lastMeasured, lastSimulated) = (measured.Max(r => r.LastToken), finished.Select(r => r.Finished!.Value.Seconds).DefaultIfEmpty(first).Max());
        var bin = Math.Max(1, Math.Ceiling(Math.Max(lastMeasured, lastSimulated) / MostBins));
        var bins = (int)(Math.Max(lastMeasured, lastSimulated) / bin) + 1;
        var (makespan, simulatedMakespan) = (lastMeasured - first, lastSimulated - first);
        return new LogReplay
        {
            Name = log.Name,
            Engine = config.Engine,
            Cost = setup.Cost.Info,
            Assumptions = assumptions,
            Requests = measured.Count,
            NotFinished = measured.Count - finished.Count,
            Preemptions = observer.All.Sum(r => (long)r.Preemptions),
            Latencies =
            [
                new("TTFT", [.. measured.Select(r => r.Ttft)], [.. finished.Select(r => r.Ttft!.Value.Seconds)]),
                new("TPOT", [.. measured.Select(r => r.Tpot).OfType<double>()], [.. finished.Select(r => r.Tpot?.Seconds).OfType<double>()]),
                new("E2E", [.. measured.Select(r => r.E2e)], [.. finished.Select(r => r.E2e!.Value.Seconds)]),
            ],
            Makespan = new("makespan", "s", makespan, simulatedMakespan),
            Throughput = new("output throughput", "tokens/s", measured.Sum(r => (double)r.OutputTokens) / makespan, finished.Sum(r => (double)r.GeneratedTokens) / simulatedMakespan),
            BinSeconds = bin,
            MeasuredThroughput = ThroughputCurve.Of(measured.Select(r => (r.FirstToken, r.LastToken, r.OutputTokens)), bin, bins),
            SimulatedThroughput = ThroughputCurve.Of(finished.Select(r => (r.FirstToken!.Value.Seconds, r.Finished!.Value.Seconds, r.GeneratedTokens)), bin, bins),
            Fingerprint = "",
        };
    }
}
