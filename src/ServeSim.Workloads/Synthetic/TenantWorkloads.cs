using ServeSim.Abstractions;

namespace ServeSim.Workloads.Synthetic;

/// <summary>Two tenants that compete for one server, as VTC (OSDI 2024, <c>fair_bench/exp_suite.py</c>) loads it for ten minutes or less.</summary>
public static class TenantWorkloads
{
    private const double PeriodSeconds = 60;

    /// <summary>Names of the workloads.</summary>
    public static IReadOnlyList<string> Names { get; } = ["overload", "short-long", "on-off"];

    /// <summary>
    /// The requests of a workload in order of arrival. overload: 1.5 and 3 requests/s of 256 + 256 tokens at even intervals over 6 minutes;
    /// short-long: Poisson, 8 requests/s of 64 + 64 and 1.5 requests/s of 256 + 256 over 10 minutes; on-off: 2 and 3 requests/s
    /// of 256 + 256 at even intervals over 10 minutes, the first tenant silent in every other minute. All rates are multiplied by
    /// <paramref name="rateScale"/>, for a server of another speed.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such workload.</exception>
    public static IReadOnlyList<TraceRecord> Draw(string name, ulong seed, double rateScale = 1) => name switch
    {
        "overload" => Merge(Even("a", 1.5 * rateScale, 360, false, seed), Even("b", 3 * rateScale, 360, false, seed)),
        "short-long" => Merge(Poisson("a", 8 * rateScale, 600, 64, seed), Poisson("b", 1.5 * rateScale, 600, 256, seed)),
        "on-off" => Merge(Even("a", 2 * rateScale, 600, true, seed), Even("b", 3 * rateScale, 600, false, seed)),
        _ => throw new ArgumentException($"must be one of {string.Join(", ", Names)}", nameof(name)),
    };

    private static IEnumerable<TraceRecord> Even(string tenant, double rate, double seconds, bool pauses, ulong seed)
    {
        var first = new RandomStream(seed, $"arrival/{tenant}").NextDouble() / rate;
        for (var i = 0; first + (i / rate) < seconds; i++)
        {
            var time = first + (i / rate);
            if (!pauses || (long)(time / PeriodSeconds) % 2 == 0) yield return Record(tenant, time, 256);
        }
    }

    private static IEnumerable<TraceRecord> Poisson(string tenant, double rate, double seconds, int tokens, ulong seed)
    {
        var gaps = new RandomStream(seed, $"arrival/{tenant}");
        for (var time = gaps.NextExponential() / rate; time < seconds; time += gaps.NextExponential() / rate) yield return Record(tenant, time, tokens);
    }

    private static TraceRecord Record(string tenant, double seconds, int tokens) => new()
    {
        Number = 0, Arrival = SimTime.FromSeconds(seconds), InputTokens = tokens, OutputTokens = tokens, TenantId = tenant,
    };

    private static List<TraceRecord> Merge(IEnumerable<TraceRecord> first, IEnumerable<TraceRecord> second) =>
        [.. first.Concat(second).OrderBy(r => r.Arrival!.Value.Nanoseconds).Select((r, i) => r with { Number = i + 1 })];
}
