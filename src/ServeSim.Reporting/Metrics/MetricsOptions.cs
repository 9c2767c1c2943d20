using ServeSim.Abstractions;
using ServeSim.Reporting.Energy;
using ServeSim.Reporting.Tenants;

namespace ServeSim.Reporting.Metrics;

/// <summary>What is measured of a run, and how closely.</summary>
public sealed record MetricsOptions
{
    /// <summary>The first requests, in arrival order, that are simulated but not measured.</summary>
    public long WarmupRequests { get; init; }

    /// <summary>Requests that arrive before this much simulated time has passed are simulated but not measured.</summary>
    public SimDuration WarmupTime { get; init; }

    /// <summary>Keep every sample, so that all percentiles are exact; memory then grows with the run.</summary>
    public bool ExactSamples { get; init; }

    /// <summary>Instances of the cluster; 0 takes as many as were seen at work.</summary>
    public int Instances { get; init; }

    /// <summary>KV blocks of one instance; 0 leaves out the KV shares.</summary>
    public int TotalBlocks { get; init; }

    /// <summary>How the service of tenants is measured.</summary>
    public TenantOptions Tenants { get; init; } = new();

    /// <summary>Power and prices; without them neither energy nor money is reported.</summary>
    public EnergyOptions? Energy { get; init; }

    /// <summary>How reads of expert weights are counted; null for a dense model.</summary>
    public ExpertOptions? Experts { get; init; }

    /// <summary>Activations kept for a token between two of its layers, in bytes: hidden state and residual.</summary>
    public double CarriedBytesPerToken { get; init; }

    /// <summary>Percentiles besides 50, 90 and 99, which are always given.</summary>
    public IReadOnlyList<double> MorePercentiles { get; init; } = [95, 99.9];

    /// <summary>All percentiles in rising order.</summary>
    internal IReadOnlyList<double> Percentiles => [.. MorePercentiles.Concat([50, 90, 99]).Distinct().Order()];

    /// <summary>The warm-up rule in words.</summary>
    internal string WarmupText => (WarmupRequests, WarmupTime.Nanoseconds) switch
    {
        (0, 0) => "none",
        (_, 0) => $"first {WarmupRequests} requests",
        (0, _) => $"first {WarmupTime} s",
        _ => $"first {WarmupRequests} requests and first {WarmupTime} s",
    };
}
