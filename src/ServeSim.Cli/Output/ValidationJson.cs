using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Experiments.Validation;

namespace ServeSim.Cli.Output;

/// <summary>A validation for a program; times in seconds unless a name says otherwise, errors as shares.</summary>
internal static class ValidationJson
{
    public static void Write(Utf8JsonWriter json, LogReplay log)
    {
        json.WriteStartObject();
        json.WriteString("name", log.Name);
        json.WriteString("engine", log.Engine);
        json.WriteString("fingerprint", log.Fingerprint);
        json.WriteNumber("requests", log.Requests);
        json.WriteNumber("not_finished", log.NotFinished);
        json.WriteNumber("preemptions", log.Preemptions);
        json.WriteStartObject("latency_s");
        foreach (var latency in log.Latencies)
        {
            json.WriteStartObject(latency.Name.ToLowerInvariant());
            Statistics(json, "measured", latency.Measured);
            Statistics(json, "simulated", latency.Simulated);
            Statistics(json, "error", latency.Error);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartArray("totals");
        foreach (var total in (NumberComparison[])[log.Makespan, log.Throughput])
        {
            json.WriteStartObject();
            json.WriteString("name", total.Name);
            json.WriteString("unit", total.Unit);
            Number(json, "measured", total.Measured);
            Number(json, "simulated", total.Simulated);
            Number(json, "error", total.Error);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("throughput");
        Number(json, "bin_s", log.BinSeconds);
        Number(json, "deviation", log.ThroughputDeviation);
        Numbers(json, "measured_tokens_per_s", log.MeasuredThroughput);
        Numbers(json, "simulated_tokens_per_s", log.SimulatedThroughput);
        json.WriteEndObject();
        Cost(json, log.Cost);
        Texts(json, "assumptions", log.Assumptions);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, LoadPointTable table)
    {
        json.WriteStartObject();
        json.WriteString("name", table.Name);
        json.WriteNumber("points", table.Points);
        json.WriteNumber("not_sampled", table.NotSampled);
        json.WriteStartObject("left_out");
        foreach (var (reason, count) in table.LeftOut) json.WriteNumber(reason, count);
        json.WriteEndObject();
        json.WriteStartArray("runs");
        foreach (var run in table.Runs)
        {
            json.WriteStartObject();
            json.WriteString("id", run.Point.Id);
            json.WriteString("engine", run.Point.Engine);
            json.WriteString("model", run.ModelName);
            json.WriteString("gpu", run.Point.Gpu);
            json.WriteNumber("tp", run.Point.Tensor);
            json.WriteNumber("input_tokens", run.Point.InputTokens);
            json.WriteNumber("output_tokens", run.Point.OutputTokens);
            json.WriteNumber("clients", run.Point.Clients);
            Number(json, "measured_ttft_ms", run.Point.TtftMilliseconds);
            Number(json, "simulated_ttft_ms", run.TtftMilliseconds);
            Number(json, "measured_tpot_ms", run.Point.TpotMilliseconds);
            Number(json, "simulated_tpot_ms", run.TpotMilliseconds);
            json.WriteString("known_error", run.CostError);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Texts(json, "assumptions", LoadPointRun.Assumptions(table.Start));
        json.WriteEndObject();
    }

    private static void Statistics(Utf8JsonWriter json, string name, LatencyStatistics s)
    {
        json.WriteStartObject(name);
        Number(json, "mean", s.Mean);
        Number(json, "p50", s.P50);
        Number(json, "p90", s.P90);
        Number(json, "p99", s.P99);
        json.WriteEndObject();
    }

    private static void Cost(Utf8JsonWriter json, CostModelInfo info)
    {
        json.WriteStartObject("cost_model");
        json.WriteString("name", info.Name);
        json.WriteString("source", info.Source);
        json.WriteString("known_error", info.KnownError);
        Texts(json, "warnings", info.Warnings);
        json.WriteEndObject();
    }

    private static void Numbers(Utf8JsonWriter json, string name, IReadOnlyList<double> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }
}
