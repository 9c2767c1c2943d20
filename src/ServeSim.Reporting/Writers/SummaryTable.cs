using System.Globalization;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Reporting.Writers;

/// <summary>The rows that a person must see beside the numbers: what ran, what was left out, how far to trust it.</summary>
public static class SummaryTable
{
    /// <summary>Rows in display order; the same for the same run.</summary>
    public static IReadOnlyList<SummaryRow> Rows(RunSummary summary, RunDescription run)
    {
        ArgumentNullException.ThrowIfNull(summary);
        ArgumentNullException.ThrowIfNull(run);
        return [.. Requests(summary), .. Latencies(summary), .. Slo(summary, run), .. Fairness(summary), .. Instances(summary), .. Energy(summary), .. Facts(summary, run)];
    }

    private static IEnumerable<SummaryRow> Requests(RunSummary summary)
    {
        const string section = "Requests";
        var (requests, throughput) = (summary.Requests, summary.Throughput);
        yield return new(section, "Finished", Text(requests.Finished), $"of {Text(requests.Measured)}");
        yield return new(section, "Rejected", Text(requests.Rejected), "");
        foreach (var (reason, count) in requests.RejectedByReason) yield return new(section, $"Rejected: {reason}", Text(count), "");
        if (requests.Aborted > 0) yield return new(section, "Given up by clients", Text(requests.Aborted), "");
        foreach (var (reason, count) in requests.AbortedByReason) yield return new(section, $"Given up: {reason}", Text(count), "");
        yield return new(section, "Unfinished", Text(requests.Unfinished), "");
        yield return new(section, "Duration", Text(summary.Window.DurationSeconds), "s");
        yield return new(section, "Throughput", Text(throughput.RequestsPerSecond), "requests/s");
        yield return new(section, "Output", Text(throughput.OutputTokensPerSecond), "tokens/s");
        yield return new(section, "Input and output", Text(throughput.TotalTokensPerSecond), "tokens/s");
        yield return new(section, "Most in one second", Text(throughput.MaxOutputTokensPerSecond), "tokens");
        yield return new(section, "Most at once", Text(throughput.MaxConcurrentRequests), "requests");
    }

    private static IEnumerable<SummaryRow> Latencies(RunSummary summary)
    {
        (string Name, LatencySummary Latency)[] all =
            [("TTFT", summary.Ttft), ("TBT", summary.Tbt), ("TPOT", summary.Tpot), ("E2E", summary.E2e), ("Queue delay", summary.QueueDelay)];
        foreach (var (name, latency) in all)
        {
            yield return new(name, "mean", Text(latency.MeanMilliseconds), "ms");
            foreach (var percentile in latency.Percentiles) yield return new(name, percentile.Name, Text(percentile.Milliseconds), "ms");
        }
    }

    private static IEnumerable<SummaryRow> Slo(RunSummary summary, RunDescription run)
    {
        const string section = "SLO";
        yield return new(section, "Limits", run.Slo, "");
        if (summary.Slo is not { } slo) yield break;
        yield return new(section, "Attainment", Text(100 * slo.Attainment), "% of all requests");
        yield return new(section, "Goodput", Text(slo.RequestGoodput), "requests/s");
        yield return new(section, "Token goodput", Text(slo.TokenGoodput), "tokens/s of good requests");
        yield return new(section, "Total token goodput", Text(slo.TotalTokenGoodput), "input and output tokens/s of good requests");
        yield return new(section, "Strict token goodput", Text(slo.StrictTokenGoodput), "tokens/s on time");
        if (slo.OneTokenOutputsUnderTpotLimit > 0)
            yield return new(section, "One-token outputs under a TPOT limit", Text(slo.OneTokenOutputsUnderTpotLimit), "counted as met");
    }

    private static IEnumerable<SummaryRow> Fairness(RunSummary summary)
    {
        const string section = "Fairness";
        const int mostTenants = 12;
        if (summary.Fairness is not { } fairness) yield break;
        yield return new(section, "Jain index", Text(fairness.JainIndex), "of service over weight");
        yield return new(section, "Service difference, most", Text(fairness.MaxServiceDifference), "priced tokens");
        yield return new(section, "Until the last arrival", Text(fairness.MaxServiceDifferenceDuringArrivals), "priced tokens");
        yield return new(section, "Service rate lacked, mean", Text(fairness.Windowed?.Mean), "priced tokens/s");
        yield return new(section, "Service rate lacked, most", Text(fairness.Windowed?.Max), "priced tokens/s");
        foreach (var tenant in fairness.Tenants.Take(mostTenants))
        {
            var name = $"Tenant {tenant.Name}";
            yield return new(name, "Finished", Text(tenant.Finished), $"of {Text(tenant.Measured)}");
            if (tenant.Rejected > 0) yield return new(name, "Rejected", Text(tenant.Rejected), "");
            if (tenant.Aborted > 0) yield return new(name, "Aborted", Text(tenant.Aborted), "");
            yield return new(name, "Service", Text(tenant.Service), tenant.Weight == 1 ? "priced tokens" : $"priced tokens, weight {Text(tenant.Weight)}");
            yield return new(name, "Output", Text(tenant.OutputTokensPerSecond), "tokens/s");
            yield return new(name, "TTFT p50, p99", $"{Text(tenant.Ttft.Percentile(50))}, {Text(tenant.Ttft.Percentile(99))}", "ms");
            yield return new(name, "E2E p50, p99", $"{Text(tenant.E2e.Percentile(50))}, {Text(tenant.E2e.Percentile(99))}", "ms");
            if (tenant.Slo is { } slo) yield return new(name, "Attainment", Text(100 * slo.Attainment), "% of its requests");
        }

        if (fairness.Tenants.Count > mostTenants)
            yield return new(section, "More tenants", Text(fairness.Tenants.Count - mostTenants), "see summary.json");
    }

    private static IEnumerable<SummaryRow> Instances(RunSummary summary)
    {
        const string section = "Instances";
        var iterations = summary.Iterations;
        yield return new(section, "Iterations", Text(iterations.Count), "");
        yield return new(section, "Busy", Text(100 * iterations.BusyShare), "%");
        yield return new(section, "Mean batch", Text(iterations.MeanSequences), "sequences");
        yield return new(section, "KV in use, mean", Text(100 * iterations.MeanKvShare), "%");
        yield return new(section, "KV in use, most", Text(100 * iterations.MaxKvShare), "%");
        yield return new(section, "Preemptions", Text(summary.Requests.Preemptions), "");
        if (summary.Requests is { Preemptions: > 0, PreemptionsPerFinished: { } share }) yield return new(section, "Preemptions per finished request", Text(share), "");
        yield return new(section, "Recomputed", Text(summary.Tokens.Recomputed), "tokens");
        yield return new(section, "Cached", Text(summary.Tokens.Cached), "tokens");
        if (iterations.MaxCarriedTokens > 0)
            yield return new(section, "Between layers, most", Text(iterations.MaxCarriedTokens), $"tokens, {Text(iterations.MaxCarriedBytes / 1e6)} MB of activations a device");
        if (summary.Experts is { } experts)
        {
            yield return new(section, "Expert weights read", Text(experts.ReadBytes / 1e12), "TB");
            yield return new(section, "Expert weights read, above decodes alone", Text(experts.PrefillReadBytes / 1e12), "TB");
        }

        yield return new(section, "Most waiting", Text(iterations.MaxWaitingRequests), "requests");
    }

    private static IEnumerable<SummaryRow> Energy(RunSummary summary)
    {
        const string section = "Energy";
        const string money = "Money";
        if (summary.Energy is not { } energy) yield break;
        if (energy.Power is not null)
        {
            yield return new(section, "GPU energy", Text(energy.Joules / 3600), "Wh");
            yield return new(section, "At rest", Text(100 * energy.RestShare), "% of it");
            yield return new(section, "Per output token", Text(energy.JoulesPerOutputToken), "J");
            yield return new(section, "Per output token, busy GPUs", Text(energy.BusyJoulesPerOutputToken), "J");
            yield return new(section, "Per request", Text(energy.WattHoursPerRequest), "Wh");
            yield return new(section, "Power, mean", Text(energy.MeanWatts), "W");
            yield return new(section, "Power, most", Text(energy.PeakWatts), "W");
            if (energy.GramsCo2 is { } grams) yield return new(section, "Carbon", Text(grams), "g CO2");
        }

        if (energy.Usd is { } usd)
        {
            yield return new(money, "GPU time", Text(usd), "USD");
            yield return new(money, "Per million output tokens", Text(energy.UsdPerMillionOutputTokens), "USD");
        }

        if (energy.EnergyUsd is { } bill) yield return new(money, "Energy", Text(bill), "USD");
    }

    private static IEnumerable<SummaryRow> Facts(RunSummary summary, RunDescription run)
    {
        const string section = "Run";
        if (run.IsPartial) yield return new(section, "Stopped early", "results of a part of the run", "");
        if (summary.Overload.IsOverloaded)
            yield return new(section, "Overloaded", $"the queue grew by {Text(summary.Overload.SlopePerSecond)} requests/s throughout; latencies depend on the length of the run", "");
        yield return new(section, "Policy", run.Policy, "");
        yield return new(section, "Router", run.Router, "");
        if (run.Oracle is { } oracle) yield return new(section, "Oracle", oracle, "");
        yield return new(section, "Trace", run.Slice is { } slice ? $"{run.Trace} ({slice})" : run.Trace, "");
        yield return new(section, "Warm-up", summary.Window.Warmup, "");
        yield return new(section, "Cost model", run.CostModel.Name, "");
        yield return new(section, "Cost source", run.CostModel.Source, "");
        yield return new(section, "Known error", run.CostModel.KnownError, "");
        foreach (var warning in run.CostModel.Warnings) yield return new(section, "Warning", warning, "");
        if (summary.Energy?.Power is { } power)
        {
            yield return new(section, "Power model", power.Name, "");
            yield return new(section, "Power source", power.Source, "");
            yield return new(section, "Power error", power.KnownError, "");
            foreach (var warning in power.Warnings) yield return new(section, "Warning", warning, "");
        }

        foreach (var note in run.Notes) yield return new(section, "Note", note, "");
        yield return new(section, "Percentiles", PercentileMethods(summary), "");
        yield return new(section, "Seed", run.Seed.ToString(CultureInfo.InvariantCulture), "");
        yield return new(section, "Fingerprint", run.Fingerprint, "");
    }

    private static string PercentileMethods(RunSummary summary) =>
        string.Join("; ", new[] { ("TTFT", summary.Ttft), ("TBT", summary.Tbt), ("TPOT", summary.Tpot), ("E2E", summary.E2e) }
            .GroupBy(one => one.Item2.PercentileMethod, one => one.Item1)
            .Select(group => $"{string.Join(", ", group)}: {group.Key}"));

    private static string Text(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Text(double? value) => value is { } known ? known.ToString(known >= 1000 ? "N0" : "0.###", CultureInfo.InvariantCulture) : "-";
}
