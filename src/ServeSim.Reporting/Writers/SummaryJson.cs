using System.Text.Json;
using ServeSim.Reporting.Energy;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Reporting.Writers;

/// <summary>
/// Writes summary.json: the fields of vLLM's serving benchmark under their own names, and everything else under
/// "servesim", so that no name of theirs is ever shadowed. No clock and no host: same run, same bytes.
/// </summary>
public static class SummaryJson
{
    /// <summary>Grows when a field changes its meaning or goes; a new field does not change it.</summary>
    public const int SchemaVersion = 1;

    /// <summary>Writes the object.</summary>
    public static void Write(Stream stream, RunSummary summary, RunDescription run)
    {
        ArgumentNullException.ThrowIfNull(summary);
        ArgumentNullException.ThrowIfNull(run);
        JsonText.Write(stream, json =>
        {
            json.WriteNumber("schema_version", SchemaVersion);
            json.WriteString("fingerprint", run.Fingerprint);
            json.WriteBoolean("partial", run.IsPartial);
            WriteBenchmarkFields(json, summary, run);
            json.WriteObject("servesim", () =>
            {
                WriteRun(json, run);
                WriteMeasurements(json, summary, run);
            });
        });
    }

    private static void WriteBenchmarkFields(Utf8JsonWriter json, RunSummary summary, RunDescription run)
    {
        var throughput = summary.Throughput;
        json.WriteString("endpoint_type", "servesim");
        json.WriteString("backend", "servesim");
        json.WriteString("label", run.Label);
        json.WriteString("model_id", run.Model);
        json.WriteString("tokenizer_id", run.Model);
        json.WriteNumber("num_prompts", summary.Requests.Measured);
        json.WriteOptional("request_rate", run.RequestRate);
        json.WriteOptional("burstiness", run.Burstiness);
        json.WriteOptional("max_concurrency", run.MaxConcurrency);
        json.WriteNumber("duration", summary.Window.DurationSeconds);
        json.WriteNumber("completed", summary.Requests.Finished);
        json.WriteNumber("failed", summary.Requests.Failed);
        json.WriteNumber("total_input_tokens", summary.Tokens.Input);
        json.WriteNumber("total_output_tokens", summary.Tokens.Output);
        json.WriteNumber("request_throughput", throughput.RequestsPerSecond ?? 0);
        json.WriteOptional("request_goodput", summary.Slo is { } slo ? slo.RequestGoodput ?? 0 : null);
        json.WriteNumber("output_throughput", throughput.OutputTokensPerSecond ?? 0);
        json.WriteNumber("total_token_throughput", throughput.TotalTokensPerSecond ?? 0);
        json.WriteNumber("max_output_tokens_per_s", throughput.MaxOutputTokensPerSecond);
        json.WriteNumber("max_concurrent_requests", throughput.MaxConcurrentRequests);
        WriteBenchmarkLatency(json, "ttft", summary.Ttft);
        WriteBenchmarkLatency(json, "tpot", summary.Tpot);
        WriteBenchmarkLatency(json, "itl", summary.Tbt);
        WriteBenchmarkLatency(json, "e2el", summary.E2e);
    }

    /// <summary>That tool writes 0 where there are no samples, so these fields do too.</summary>
    private static void WriteBenchmarkLatency(Utf8JsonWriter json, string name, LatencySummary latency)
    {
        json.WriteNumber($"mean_{name}_ms", latency.MeanMilliseconds ?? 0);
        json.WriteNumber($"median_{name}_ms", latency.MedianMilliseconds ?? 0);
        json.WriteNumber($"std_{name}_ms", latency.StdMilliseconds ?? 0);
        foreach (var percentile in latency.Percentiles.Where(p => p.Percent != 50))
            json.WriteNumber($"{percentile.Name}_{name}_ms", percentile.Milliseconds ?? 0);
    }

    private static void WriteRun(Utf8JsonWriter json, RunDescription run)
    {
        json.WriteNumber("seed", run.Seed);
        json.WriteString("trace", run.Trace);
        json.WriteString("slice", run.Slice);
        json.WriteString("gpu", run.Gpu);
        json.WriteNumber("instances", run.Instances);
        json.WriteNumber("tensor_parallel", run.TensorParallel);
        json.WriteNumber("pipeline_stages", run.PipelineStages);
        json.WriteNumber("kv_blocks", run.TotalBlocks);
        json.WriteNumber("kv_block_size", run.BlockSize);
        WriteChoice(json, "policy", run.Policy, run.PolicyOptions);
        WriteChoice(json, "router", run.Router, run.RouterOptions);
        json.WriteString("predictor", run.Predictor);
        json.WriteString("oracle", run.Oracle);
        json.WriteObject("cost_model", () =>
        {
            json.WriteString("name", run.CostModel.Name);
            json.WriteString("source", run.CostModel.Source);
            json.WriteString("known_error", run.CostModel.KnownError);
            json.WriteTexts("warnings", run.CostModel.Warnings);
        });
        json.WriteTexts("notes", run.Notes);
    }

    private static void WriteChoice(Utf8JsonWriter json, string role, string name, IReadOnlyList<KeyValuePair<string, string>> options) =>
        json.WriteObject(role, () =>
        {
            json.WriteString("name", name);
            json.WriteObject("options", () =>
            {
                foreach (var (key, value) in options) json.WriteString(key, value);
            });
        });

    private static void WriteMeasurements(Utf8JsonWriter json, RunSummary summary, RunDescription run)
    {
        var (requests, window, tokens) = (summary.Requests, summary.Window, summary.Tokens);
        json.WriteObject("window", () =>
        {
            json.WriteString("warmup", window.Warmup);
            json.WriteOptional("first_arrival_s", window.FirstArrivalSeconds);
            json.WriteOptional("last_completion_s", window.LastCompletionSeconds);
            json.WriteOptional("offered_requests_per_s", summary.Throughput.OfferedRequestsPerSecond);
        });
        json.WriteObject("requests", () =>
        {
            json.WriteNumber("simulated", requests.Simulated);
            json.WriteNumber("measured", requests.Measured);
            json.WriteNumber("finished", requests.Finished);
            json.WriteNumber("rejected", requests.Rejected);
            json.WriteNumber("aborted", requests.Aborted);
            json.WriteNumber("unfinished", requests.Unfinished);
            json.WriteObject("rejected_by_reason", () =>
            {
                foreach (var (reason, count) in requests.RejectedByReason) json.WriteNumber(reason, count);
            });
            json.WriteObject("aborted_by_reason", () =>
            {
                foreach (var (reason, count) in requests.AbortedByReason) json.WriteNumber(reason, count);
            });
            json.WriteNumber("preemptions", requests.Preemptions);
            json.WriteOptional("preemptions_per_finished", requests.PreemptionsPerFinished);
        });
        json.WriteNumber("cached_tokens", tokens.Cached);
        json.WriteNumber("recomputed_tokens", tokens.Recomputed);
        WriteSlo(json, summary.Slo, run.Slo);
        if (summary.Fairness is { } fairness) json.WriteObject("fairness", () => FairnessJson.Write(json, fairness, WriteLatency));
        json.WriteObject("latency_ms", () =>
        {
            WriteLatency(json, "ttft", summary.Ttft);
            WriteLatency(json, "tbt", summary.Tbt);
            WriteLatency(json, "tpot", summary.Tpot);
            WriteLatency(json, "e2e", summary.E2e);
            WriteLatency(json, "queue_delay", summary.QueueDelay);
            WriteLatency(json, "normalized_latency", summary.NormalizedLatency);
        });
        WriteIterations(json, summary.Iterations);
        json.WriteObject("experts", () =>
        {
            json.WriteOptional("read_bytes", summary.Experts?.ReadBytes);
            json.WriteOptional("prefill_read_bytes", summary.Experts?.PrefillReadBytes);
            json.WriteOptional("read_bytes_per_request", summary.Experts?.ReadBytesPerRequest);
        });
        WriteEnergy(json, summary.Energy);
        json.WriteObject("overload", () =>
        {
            json.WriteBoolean("overloaded", summary.Overload.IsOverloaded);
            json.WriteOptional("waiting_slope_per_s", summary.Overload.SlopePerSecond);
            json.WriteOptional("lower_95_per_s", summary.Overload.LowerPerSecond);
            json.WriteOptional("upper_95_per_s", summary.Overload.UpperPerSecond);
            json.WriteString("rule", OverloadSummary.Rule);
        });
    }

    private static void WriteSlo(Utf8JsonWriter json, SloSummary? slo, string text) =>
        json.WriteObject("slo", () =>
        {
            json.WriteString("limits", text);
            json.WriteOptional("good_requests", slo?.Good);
            json.WriteOptional("request_goodput_per_s", slo?.RequestGoodput);
            json.WriteOptional("token_goodput_per_s", slo?.TokenGoodput);
            json.WriteOptional("total_token_goodput_per_s", slo?.TotalTokenGoodput);
            json.WriteOptional("strict_token_goodput_per_s", slo?.StrictTokenGoodput);
            json.WriteOptional("attainment", slo?.Attainment);
            json.WriteOptional("attainment_of_finished", slo?.AttainmentOfFinished);
            json.WriteOptional("one_token_outputs_under_tpot_limit", slo?.OneTokenOutputsUnderTpotLimit);
        });

    private static void WriteLatency(Utf8JsonWriter json, string name, LatencySummary latency) =>
        json.WriteObject(name, () =>
        {
            json.WriteNumber("count", latency.Count);
            json.WriteOptional("mean", latency.MeanMilliseconds);
            json.WriteOptional("std", latency.StdMilliseconds);
            json.WriteOptional("min", latency.MinMilliseconds);
            foreach (var percentile in latency.Percentiles) json.WriteOptional(percentile.Name, percentile.Milliseconds);
            json.WriteOptional("max", latency.MaxMilliseconds);
            json.WriteString("percentile_method", latency.PercentileMethod);
        });

    private static void WriteEnergy(Utf8JsonWriter json, EnergySummary? energy)
    {
        json.WriteObject("energy", () =>
        {
            json.WriteString("power_model", energy?.Power?.Name);
            json.WriteString("source", energy?.Power?.Source);
            json.WriteString("known_error", energy?.Power?.KnownError);
            json.WriteTexts("warnings", energy?.Power?.Warnings ?? []);
            json.WriteOptional("gpus", energy?.Gpus);
            json.WriteOptional("window_s", energy?.WindowSeconds);
            json.WriteOptional("gpu_joules", energy?.Joules);
            json.WriteOptional("prefill_joules", energy?.PrefillJoules);
            json.WriteOptional("decode_joules", energy?.DecodeJoules);
            json.WriteOptional("rest_joules", energy?.RestJoules);
            json.WriteOptional("facility_joules", energy?.FacilityJoules);
            json.WriteOptional("rest_share", energy?.RestShare);
            json.WriteOptional("mean_watts", energy?.MeanWatts);
            json.WriteOptional("peak_watts", energy?.PeakWatts);
            json.WriteOptional("p99_watts", energy?.P99Watts);
            json.WriteOptional("power_window_s", energy?.PowerWindowSeconds);
            json.WriteOptional("joules_per_output_token", energy?.JoulesPerOutputToken);
            json.WriteOptional("busy_joules_per_output_token", energy?.BusyJoulesPerOutputToken);
            json.WriteOptional("joules_per_token", energy?.JoulesPerToken);
            json.WriteOptional("watt_hours_per_request", energy?.WattHoursPerRequest);
            json.WriteOptional("grams_co2", energy?.GramsCo2);
        });
        json.WriteObject("money", () =>
        {
            json.WriteOptional("usd_per_gpu_hour", energy?.UsdPerGpuHour);
            json.WriteOptional("gpu_usd", energy?.Usd);
            json.WriteOptional("usd_per_million_output_tokens", energy?.UsdPerMillionOutputTokens);
            json.WriteOptional("energy_usd", energy?.EnergyUsd);
        });
    }

    private static void WriteIterations(Utf8JsonWriter json, IterationSummary iterations) =>
        json.WriteObject("iterations", () =>
        {
            json.WriteNumber("count", iterations.Count);
            json.WriteNumber("decodes", iterations.Decodes);
            json.WriteOptional("mean_sequences", iterations.MeanSequences);
            json.WriteOptional("mean_tokens", iterations.MeanTokens);
            json.WriteOptional("decode_share", iterations.DecodeShare);
            json.WriteOptional("busy_share", iterations.BusyShare);
            json.WriteOptional("mean_kv_share", iterations.MeanKvShare);
            json.WriteOptional("max_kv_share", iterations.MaxKvShare);
            json.WriteNumber("max_waiting_requests", iterations.MaxWaitingRequests);
            json.WriteNumber("swapped_bytes", iterations.SwappedBytes);
            json.WriteNumber("max_carried_tokens", iterations.MaxCarriedTokens);
            json.WriteNumber("max_carried_bytes", iterations.MaxCarriedBytes);
        });
}
