using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Everything that decides a run. Two equal scenarios give the same bytes.</summary>
public sealed record Scenario
{
    public TraceConfig Trace { get; init; } = new();

    /// <summary>Synthetic requests instead of a trace; null replays the trace.</summary>
    public WorkloadConfig? Workload { get; init; }

    public ClientsConfig Clients { get; init; } = new();
    public string Model { get; init; } = "llama-3.1-8b";
    public string Gpu { get; init; } = "h100-sxm";

    /// <summary>Number formats of weights, activations and KV cache; native takes the format that the model is published in.</summary>
    public string Precision { get; init; } = "bf16";

    public ParallelConfig Parallel { get; init; } = new();
    public int Instances { get; init; } = 1;
    public KvConfig Kv { get; init; } = new();
    public PolicyChoice Policy { get; init; } = new("sarathi");
    public RouterChoice Router { get; init; } = new("round-robin");

    /// <summary>Estimates output lengths for policies that ask; none by default.</summary>
    public PredictorChoice? Predictor { get; init; }

    /// <summary>What an iteration costs, as the cost-model factory reads it.</summary>
    public string Cost { get; init; } = "roofline";

    /// <summary>Coefficients file from servesim calibrate; null takes the shipped constants.</summary>
    public string? Coefficients { get; init; }

    /// <summary>How tokens choose among routed experts.</summary>
    public ExpertsConfig Experts { get; init; } = new();

    public PowerConfig Power { get; init; } = new();
    public PriceConfig Price { get; init; } = new();
    public SloConfig Slo { get; init; } = new();

    /// <summary>Weights of tenants by name, for policies that share among them and for the fairness metrics; null gives each 1.</summary>
    public TenantWeights? Tenants { get; init; }
    public ulong Seed { get; init; } = 1;
    public MetricsConfig Metrics { get; init; } = new();
    public EngineConfig Engine { get; init; } = new();

    /// <summary>Reports every value out of its range.</summary>
    public void Validate(Problems problems)
    {
        problems.Require(Instances is >= 1 and <= 65_536, "instances", Instances, "must be from 1 to 65536");
        problems.Check("model", () => ModelCatalog.Get(Model));
        problems.Check("gpu", () => AcceleratorCatalog.Get(Gpu));
        problems.Check("precision", () => PrecisionProfile.Check(Precision));
        problems.Require(Router.SignalPeriod >= SimDuration.Zero, "router.signalPeriod", Router.SignalPeriod, "must not be negative");
        Trace.Validate(problems);
        problems.Require(Workload is null || Trace == new TraceConfig(), "workload", "both", "must not be given together with keys of trace");
        Workload?.Validate(problems, Clients);
        Clients.Validate(problems);
        ValidateClientsOf(problems);
        Parallel.Validate(problems);
        problems.Require(Instances % Math.Max(1, Parallel.Data) == 0, "instances", Instances,
            $"must be a multiple of parallel.data ({Parallel.Data}), whose replicas count as instances");
        Kv.Validate(problems);
        Experts.Validate(problems);
        Power.Validate(problems);
        Price.Validate(problems);
        Slo.Validate(problems);
        Metrics.Validate(problems);
        Engine.Validate(problems);
    }

    /// <summary>Clients take one row of requests, and its times do not count.</summary>
    private void ValidateClientsOf(Problems problems)
    {
        if (Clients.Count == 0) return;
        if (Clients.Lengths is not null)
        {
            problems.Require(Workload is null, "clients.lengths", Clients.Lengths, "must not be given together with workload, whose classes have lengths");
            problems.Require(Trace == new TraceConfig(), "clients.lengths", Clients.Lengths, "must not be given together with keys of trace, whose requests have lengths");
            return;
        }

        problems.Require(Trace.Arrivals == "trace", "trace.arrivals", Trace.Arrivals, WorkloadConfig.ClientsSetTimes);
        problems.Require(Trace.RateScale == 1, "trace.rateScale", Trace.RateScale, WorkloadConfig.ClientsSetTimes);
        problems.Require(Trace.TimeScale == 1, "trace.timeScale", Trace.TimeScale, WorkloadConfig.ClientsSetTimes);
        problems.Require(Trace.Gap == SimDuration.Zero, "trace.gap", Trace.Gap, WorkloadConfig.ClientsSetTimes);
    }
}
