using System.Text.Json.Nodes;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Forecasts;

namespace ServeSim.Tests.Policies;

/// <summary>Vectors that the published estimator produced; skipped where the shared folder is not at hand.</summary>
public sealed class LightLlmGoldenTests
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("SERVESIM_SHARED");

    [SkippableFact]
    public void Peaks_equal_those_of_the_published_estimator() =>
        ForEach("peak_vectors", 200, vector => Assert.Equal(Number(vector, "expected_peak"), Forecast(vector["requests"]!.AsArray()).PeakTokens()));

    [SkippableFact]
    public void Admissions_equal_those_of_the_published_rules() => ForEach("admission_vectors", 80, vector =>
    {
        var running = vector["running"]!.AsArray();
        var candidate = vector["candidate"]!;
        var capacity = Number(vector, "capacity");
        var forecast = Forecast(running);
        Add(forecast, candidate);
        Assert.Equal(Number(vector, "expected_peak_with_candidate"), forecast.PeakTokens());
        Assert.Equal((bool)vector["expected_admit_past_future"]!, forecast.PeakTokens() < capacity * (1 - (double)vector["reserved_fraction"]!));

        var used = running.Sum(r => Number(r!, "input_len") + Number(r!, "generated"));
        Assert.Equal((bool)vector["expected_admit_aggressive_watermark99"]!,
            AggressivePolicy.Fits(AggressiveForm.StandAlone, used, (int)Number(candidate, "input_len"), capacity, 0.99));
        Assert.Equal((bool)vector["expected_admit_conservative_max400"]!,
            running.Append(candidate).Sum(r => Number(r!, "input_len") + 400) <= capacity);
    });

    [SkippableFact]
    public void Loads_equal_those_of_both_published_servers() => ForEach("tuple_convention_vectors", 120, vector =>
    {
        int Of(string key) => (int)Number(vector, key);
        var load = (string)vector["convention"]! == "artifact_server"
            ? RequestLoad.Predicted(Of("input_len"), Of("generated"), Of("predicted_total"), Of("max_new_tokens"), (string)vector["status"]! is "WAIT_IN_QUEUE" or "PAUSED_AND_OFFLOAD")    // both hold no KV: our waiting
            : RequestLoad.Guessed(Of("input_len") + Of("generated"), Of("kv_len"), Of("generated"), Of("max_new_tokens"),
                Of("router_max_new_token_len"), (bool)vector["is_busy"]!);
        Assert.Equal((Number(vector, "expected_used"), Number(vector, "expected_remaining")), load);
    });

    [Fact]
    public void The_conservative_rule_lets_in_exactly_what_fits_with_the_longest_outputs()
    {
        LightLlmOptions options = new(LightLlmAdmission.Conservative, MaxWaitingIterations: 1, MaxNewTokens: 40);
        int Together(int blocks) => new MicroRun { Blocks = blocks }.Execute(_ => new LightLlmPolicy(options, MicroRun.Oracle),
            MicroRun.Request(0, 10, 5), MicroRun.Request(0, 10, 5)).Iterations[0].PrefillSequences;
        Assert.Equal((2, 1), (Together(100), Together(99)));
    }

    private static void ForEach(string section, int count, Action<JsonNode> check)
    {
        Skip.If(Folder is null, "SERVESIM_SHARED does not name the folder with the reference data");
        var vectors = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "reference", "past_future_golden.json")))![section]!.AsArray();
        Assert.Equal(count, vectors.Count);
        foreach (var vector in vectors) check(vector!);
    }

    private static PeakForecast Forecast(JsonArray requests)
    {
        var forecast = new PeakForecast();
        foreach (var request in requests) Add(forecast, request!);
        return forecast;
    }

    private static void Add(PeakForecast forecast, JsonNode request) =>
        forecast.Add(Number(request, "input_len") + Number(request, "generated"), Number(request, "remaining"));

    private static long Number(JsonNode node, string key) => (long)node[key]!;
}
