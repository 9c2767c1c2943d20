using System.Text.Json;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Reporting.Writers;

/// <summary>Goodput by class and over time, as summary.json has it.</summary>
internal static class GoodputJson
{
    public static void Write(Utf8JsonWriter json, GoodputSummary goodput, Action<Utf8JsonWriter, string, LatencySummary> writeLatency)
    {
        json.WriteString("mode", goodput.Mode == GoodputMode.Paper ? "paper" : "artifact");
        json.WriteNumber("input_weight", GoodputShare.InputWeight);
        json.WriteNumber("output_weight", GoodputShare.OutputWeight);
        json.WriteObject("all", () => WriteClass(json, goodput.All, writeLatency));
        json.WriteObject("classes", () =>
        {
            foreach (var one in goodput.Classes) json.WriteObject(one.Name, () => WriteClass(json, one, writeLatency));
        });
        json.WriteNumber("window_s", GoodputWindow.Seconds);
        json.WriteObject("windows", () =>
        {
            WriteWindows(json, "finished", goodput.Windows, w => w.Finished);
            WriteWindows(json, "good_requests", goodput.Windows, w => w.Good);
            WriteWindows(json, "tokens", goodput.Windows, w => w.Tokens);
            WriteWindows(json, "weighted_tokens", goodput.Windows, w => w.WeightedTokens);
        });
    }

    private static void WriteClass(Utf8JsonWriter json, ClassGoodput one, Action<Utf8JsonWriter, string, LatencySummary> writeLatency)
    {
        json.WriteString("kind", one.Kind);
        json.WriteNumber("requests", one.Requests);
        json.WriteNumber("finished", one.Finished);
        json.WriteNumber("good_requests", one.Good);
        json.WriteNumber("input_tokens", one.InputTokens);
        json.WriteNumber("output_tokens", one.OutputTokens);
        json.WriteOptional("request_goodput_per_s", one.RequestsPerSecond);
        json.WriteOptional("token_goodput_per_s", one.TokensPerSecond);
        json.WriteOptional("weighted_token_goodput_per_s", one.WeightedTokensPerSecond);
        if (one.Latencies is { } latencies) json.WriteObject("latency_ms_of_finished", () =>
        {
            writeLatency(json, "ttft", latencies.Ttft);
            writeLatency(json, "max_tbt", latencies.MaxTbt);
            writeLatency(json, "e2e", latencies.E2e);
        });
    }

    private static void WriteWindows(Utf8JsonWriter json, string name, IReadOnlyList<GoodputWindow> windows, Func<GoodputWindow, long> value)
    {
        json.WriteStartArray(name);
        foreach (var window in windows) json.WriteNumberValue(value(window));
        json.WriteEndArray();
    }
}
