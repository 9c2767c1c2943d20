using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Energy;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Memory;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;
using ServeSim.Engine;
using ServeSim.Engine.Events;
using ServeSim.Experiments.Configuration;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting.Energy;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Tenants;
using ServeSim.Reporting.Writers;
using ServeSim.Workloads;
using ServeSim.Workloads.Classes;
using ServeSim.Workloads.Synthetic;

namespace ServeSim.Experiments.Composition;

/// <summary>A scenario with everything that it names looked up and sized: what is left is to open the trace and run.</summary>
public sealed class RunSetup
{
    private const string DefaultTrace = "chat-1k.csv";
    private const double Gib = 1024.0 * 1024 * 1024;
    private readonly PolicyCatalog _catalog;
    private readonly EngineOptions _engine;
    private readonly List<string> _notes = [];
    private PredictionMeter? _predictions;

    /// <summary>
    /// Looks up and sizes. <paramref name="costOptions"/> says what the cost model assumes about the engine;
    /// <paramref name="around"/> may wrap it.
    /// </summary>
    /// <exception cref="InputException">Something does not exist, does not fit together or does not fit into memory.</exception>
    public RunSetup(Scenario scenario, PolicyCatalog catalog, CostOptions? costOptions = null, Func<IExplainedCostModel, IExplainedCostModel>? around = null)
    {
        _catalog = catalog;
        Scenario = WithPredictor(scenario);
        Model = ModelCatalog.Get(scenario.Model);
        var gpu = AcceleratorCatalog.Get(scenario.Gpu);
        var layout = scenario.Parallel.ToLayout();
        var precision = PrecisionProfile.For(scenario.Precision, Model);
        if (layout.AttentionReplicas > 1) _notes.Add("attention replicas that share experts run independently: none waits for the fullest of them");
        var cost = CostModelFactory.Create(scenario.Cost, Model, gpu, layout, WithStated(costOptions ?? CostOptions.Default) with { Precision = precision });
        Cost = around is null ? cost : around(cost);
        Power = PowerModelFactory.Create(scenario.Power.Model, Model, gpu, layout, Cost, precision);
        _engine = Size(gpu, layout, precision);
        Shape = new ClusterShape(_engine.Instances, _engine.TotalBlocks, _engine.BlockSize, _engine.MaxContextTokens, Cost.PipelineStages, Cost)
        {
            BytesPerBlock = _engine.BytesPerBlock,
            HostLinkBytesPerSecond = _engine.HostLinkBytesPerSecond,
            HostLinkLatency = _engine.HostLinkLatency,
        };
        MakePolicies().Batch(0);    // what a policy lacks should be known before anything is opened
    }

    /// <summary>The scenario.</summary>
    public Scenario Scenario { get; }

    /// <summary>The model.</summary>
    public ModelSpec Model { get; }

    /// <summary>What reports and messages call the trace.</summary>
    public string TraceName => Scenario.Workload is not null ? "synthetic workload" : Scenario.Clients.Lengths is { } drawn ? $"drawn lengths ({drawn})" : Scenario.Trace.Path?.Replace('\\', '/') ?? $"{DefaultTrace} (bundled, synthetic)";

    /// <summary>What an iteration costs.</summary>
    public IExplainedCostModel Cost { get; }

    /// <summary>What a GPU draws; null where nobody asks or its watts are unknown.</summary>
    public IPowerModel? Power { get; }

    /// <summary>Sizes of the cluster.</summary>
    public ClusterShape Shape { get; }

    /// <summary>Requests that the run will see at most, if that is known beforehand.</summary>
    public long? KnownRequests => Scenario.Clients is { Count: > 0 } clients ? clients.Attempts == 1 ? clients.Requests ?? Scenario.Workload?.Requests : null
        : Scenario.Workload is { } workload ? workload.Requests
        : Scenario.Trace is { Path: null, Window: null, Sample: 1, Repeat: 1 } trace ? Math.Min(BundledTraces.ChatRequests, trace.Limit ?? long.MaxValue)
        : Scenario.Trace.Repeat == 1 ? Scenario.Trace.Limit : null;

    /// <summary>How the run is to be measured.</summary>
    public MetricsOptions Metrics => new()
    {
        WarmupTime = Scenario.Metrics.Warmup,
        ExactSamples = Scenario.Metrics.Exact,
        GoodputMode = Scenario.Metrics.GoodputMode,
        Tenants = new TenantOptions
        {
            Weights = Scenario.Tenants ?? TenantWeights.Equal,
            InputPrice = Scenario.Metrics.InputPrice,
            OutputPrice = Scenario.Metrics.OutputPrice,
        },
        Instances = _engine.Instances,
        TotalBlocks = _engine.TotalBlocks,
        Experts = Model.Experts is { } experts && Cost.ExpertReads(new BatchShape { DecodeSequences = 1 }) > 0
            ? new(Cost, PrecisionProfile.For(Scenario.Precision, Model).RoutedExpertBytesOf(Model) / ((double)Model.ExpertLayers * experts.Experts))
            : null,
        CarriedBytesPerToken = 2.0 * Model.HiddenSize * ModelSizes.BytesPerValue,
        Energy = new EnergyOptions
        {
            Power = Power,
            GpusPerInstance = Scenario.Parallel.Tensor * Scenario.Parallel.Pipeline,
            PipelineStages = Scenario.Parallel.Pipeline,
            Pue = Scenario.Power.Pue,
            GramsCo2PerKwh = Scenario.Power.GramsCo2PerKwh,
            UsdPerGpuHour = Scenario.Price.UsdPerGpuHour,
            UsdPerKwh = Scenario.Price.UsdPerKwh,
        },
    };

    /// <summary>Opens the trace, the bundled one if the scenario names none.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public TracePipeline OpenTrace() => OpenTrace(ignoresTimes: false);

    private TracePipeline OpenTrace(bool ignoresTimes)
    {
        var options = Scenario.Trace.ToOptions(Scenario.Seed);
        if (ignoresTimes) options = options with { Arrivals = ArrivalSpec.Parse("constant:1") };    // so that none need be recorded
        return Scenario.Trace.Path is { } path ? TracePipeline.Open(path, options) : TracePipeline.Open(() => BundledTraces.Open(DefaultTrace), DefaultTrace, options);
    }

    /// <summary>Opens what sends the requests: the trace, the workload or the clients.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public RunTraffic OpenTraffic() => new(Scenario, TraceName, ignoresTimes => OpenTrace(ignoresTimes));

    /// <summary>A run with policies of its own, ready to execute.</summary>
    public SimulationRun CreateRun(ITrafficSource source, IRunObserver observer, IEventTap? tap = null)
    {
        if (!GivesClasses) return new(_engine, source, Cost, MakePolicies(), observer, tap);
        var classed = new ClassedTrafficSource(source, Scenario.Slo.ToClasses(), Scenario.Slo.ToLimits(), Scenario.Seed, Tiers);
        return new(_engine with { Slo = SloLimits.None }, classed, Cost, MakePolicies(), observer, tap);
    }

    /// <summary>What reports say about the run.</summary>
    public RunDescription Describe(RunResult result, params IEnumerable<string> notes)
    {
        var arrivals = ArrivalSpec.Parse(Scenario.Workload is { } workload ? workload.Arrivals ?? "trace" : Scenario.Trace.Arrivals);
        return new RunDescription
        {
            Fingerprint = result.Fingerprint.ToString("x16", CultureInfo.InvariantCulture),
            IsPartial = result.IsPartial,
            Seed = Scenario.Seed,
            Model = Model.Name,
            Gpu = Scenario.Gpu,
            Instances = _engine.Instances,
            TensorParallel = Scenario.Parallel.Tensor,
            PipelineStages = Scenario.Parallel.Pipeline,
            TotalBlocks = _engine.TotalBlocks,
            BlockSize = _engine.BlockSize,
            Policy = Scenario.Policy.Name,
            PolicyOptions = OptionsOf(Scenario.Policy.Options),
            Router = Scenario.Router.Name,
            RouterOptions = OptionsOf(Scenario.Router.Options),
            Predictor = Scenario.Predictor?.Name,
            LengthPredictions = _predictions?.ToSummary(),
            Oracle = OracleUsers(),
            CostModel = Cost.Info,
            Trace = TraceName,
            Slice = Scenario.Workload?.Describe() ?? (Scenario.Clients.Lengths is null ? Scenario.Trace.Changes() : null),
            MaxConcurrency = Scenario.Clients.Count > 0 ? Scenario.Clients.Count : null,
            Slo = Scenario.Slo.Describe(),
            RequestRate = arrivals.Kind is "poisson" or "gamma" or "weibull" or "constant" ? arrivals.Rate : null,
            Burstiness = arrivals.Kind is "poisson" or "gamma" ? 1 / (arrivals.Cv * arrivals.Cv) : null,
            Notes = [.. _notes, .. notes],
        };
    }

    private bool GivesClasses => Scenario.Slo.Classes is not null || Tiers > 1;

    /// <summary>JITServe's artifact makes the limits of every fourth request equally tight.</summary>
    private int Tiers => Scenario.Metrics.GoodputMode == GoodputMode.Artifact ? 4 : 1;

    private EngineOptions Size(AcceleratorSpec gpu, ParallelLayout layout, PrecisionProfile precision)
    {
        var kv = Scenario.Kv;
        var hasHost = kv.HostBlocks > 0 || kv.HostGib > 0;
        // Given block numbers need no device that the model fits on: linear costs may describe any instance.
        var capacity = kv.Blocks is null || hasHost
            ? KvCapacity.Of(Model, gpu, layout, new CapacityOptions { Utilization = kv.MemoryFraction, BlockSize = kv.BlockSize }, precision)
            : null;
        if (precision != PrecisionProfile.Bf16)
        {
            _notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"precision {precision.Name}: {precision.WeightBytesOf(Model) / Gib:0.00} GiB of weights, {precision.KvBytesPerToken(Model) / 1024:0.##} KiB of KV cache a token"));
        }

        if (kv.Blocks is null) _notes.AddRange(capacity!.Warnings);
        var hostBytes = (kv.HostGib ?? 0) * Gib;
        return new EngineOptions
        {
            Kind = Scenario.Engine.Kind,
            Audit = Scenario.Engine.Audit,
            Instances = Scenario.Instances,
            BlockSize = kv.BlockSize,
            TotalBlocks = kv.Blocks ?? capacity!.Blocks,
            HostBlocks = kv.HostBlocks ?? (hostBytes > 0 ? checked((int)(hostBytes / (capacity!.BlockBytesPerDevice * (double)layout.Devices))) : 0),
            Watermark = kv.Watermark,
            BytesPerBlock = capacity?.BlockBytesPerDevice ?? 0,
            HostLinkBytesPerSecond = capacity is null ? double.PositiveInfinity : capacity.HostLinkGigabytesPerSecond * 1e9,
            HostLinkLatency = capacity is null ? SimDuration.Zero : SimDuration.FromMicroseconds(gpu.HostLink.LatencyMicroseconds),
            MaxContextTokens = Scenario.Engine.MaxContextTokens ?? Model.MaxContextTokens,
            Slo = Scenario.Slo.ToLimits(),
            Patience = Scenario.Clients.ToPatience(),
            SignalPeriod = Scenario.Router.SignalPeriod,
            LivelockLimit = Scenario.Engine.LivelockLimit,
            Horizon = Scenario.Engine.Horizon is { } horizon ? SimTime.Zero + horizon : SimTime.Never,
        };
    }

    /// <summary>The routing and the constants that the scenario states, in place of the cost model's own.</summary>
    private CostOptions WithStated(CostOptions options)
    {
        if (Scenario.Coefficients is { } file) options = options with { Coefficients = CoefficientSet.Read(file).Completed() };
        return Scenario.Experts.Locality is { } locality && Model.Experts is { } e
            ? options with { DistinctExperts = tokens => ExpertCoverage.Expected(e.Experts, e.ActivePerToken, tokens, locality) }
            : options;
    }

    /// <summary>A policy that needs estimates gets those that it names, or else the truth, if nothing is chosen; the reports say so.</summary>
    private Scenario WithPredictor(Scenario scenario)
    {
        var policy = _catalog.Get(PolicyKind.Policy, scenario.Policy.Name);
        if (scenario.Predictor is not null || !policy.NeedsPredictor) return scenario;
        var (name, uses) = (policy.DefaultPredictor, policy.DefaultPredictor == "oracle" ? "is told the true output lengths (predictor oracle)" : $"uses {policy.DefaultPredictor}");
        _notes.Add($"policy {policy.Name} needs a length predictor and none was chosen: it {uses}");
        return scenario with { Predictor = new PredictorChoice(name) };
    }

    private NamedPolicies MakePolicies()
    {
        var context = new PolicyContext(Scenario.Seed, Shape, new TrueLengths(), Tenants: Scenario.Tenants);
        if (Scenario.Predictor is { } predictor) context = context with { Predictor = _predictions = new PredictionMeter(_catalog.CreatePredictor(predictor, context), _catalog.Get(PolicyKind.Policy, Scenario.Policy.Name).RefinesPredictions) };
        return new NamedPolicies(Scenario.Policy.Name, instance => _catalog.CreatePolicy(Scenario.Policy, instance, context),
            Scenario.Router.Name, _catalog.CreateRouter(Scenario.Router, context));
    }

    private string? OracleUsers()
    {
        List<string> users = [];
        if (_catalog.Get(PolicyKind.Policy, Scenario.Policy.Name).UsesOracle) users.Add($"policy {Scenario.Policy.Name}");
        if (_catalog.Get(PolicyKind.Router, Scenario.Router.Name).UsesOracle) users.Add($"router {Scenario.Router.Name}");
        if (Scenario.Predictor is { } p && _catalog.Get(PolicyKind.Predictor, p.Name).UsesOracle) users.Add($"predictor {p.Name}");
        return users.Count == 0 ? null : string.Join(", ", users);
    }

    private static IReadOnlyList<KeyValuePair<string, string>> OptionsOf(object? options) => options is null ? []
        : [.. RecordShape.Of(options.GetType()).Fields.Select(f => KeyValuePair.Create(f.Name, ScalarText.Format(f.Property.GetValue(options))))];
}
