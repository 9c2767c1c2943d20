using ServeSim.Cli;
using ServeSim.Cli.Commands;
using ServeSim.Cli.Output;
using ServeSim.Tests.Experiments;

namespace ServeSim.Tests.Cli;

public sealed class RunCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("servesim-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_run_without_arguments_ends_with_tables_on_stdout()
    {
        var (code, output, _) = Run("run", "--limit", "50");
        Assert.Equal(0, code);
        Assert.Contains("TTFT ", output, StringComparison.Ordinal);
        Assert.Contains("Policy: sarathi", output, StringComparison.Ordinal);
        Assert.Contains("Trace: chat-1k.csv (bundled, synthetic) (first 50 requests)", output, StringComparison.Ordinal);
    }

    public static TheoryData<string> Examples => [.. Guide().Split('\n').Where(l => l.StartsWith("servesim ", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Examples))]
    public void Every_example_of_the_guide_runs_as_it_is_written(string line)
    {
        var scenario = Path.Combine(_folder, "mixed.yaml");
        var guide = Guide();
        var start = guide.IndexOf("```yaml\n", StringComparison.Ordinal) + "```yaml\n".Length;
        File.WriteAllText(scenario, guide[start..guide.IndexOf("```", start, StringComparison.Ordinal)]);
        var (code, _, error) = Run([.. line.Split(' ').Skip(1).Select(a => a == "mixed.yaml" ? scenario : a)]);
        Assert.True(code == 0, error);
    }

    [Fact]
    public void A_policy_that_needs_estimates_gets_the_oracle_and_the_result_says_so()
    {
        var (code, output, _) = Run("run", "--limit", "50", "--policy", "lightllm");
        Assert.Equal(0, code);
        Assert.Contains("Oracle: predictor oracle", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_written_scenario_run_again_gives_the_same_bytes()
    {
        var trace = Path.Combine(_folder, "t.csv");
        Assert.Equal(0, Run("trace", "slice", WriteLengths(), "--arrivals", "poisson:5", "--out", trace).Code);
        var (first, second) = (Path.Combine(_folder, "first"), Path.Combine(_folder, "second"));
        Assert.Equal(0, Run("run", "--trace", trace, "--policy", "vllm", "--slo", "ttft=1s,tbt=50ms", "--set", "kv.blocks=200", "--set", "metrics.iterations=true", "--out", first).Code);
        Assert.Equal(0, Run("run", Path.Combine(first, "scenario.yaml"), "--out", second).Code);
        foreach (var file in (string[])["scenario.yaml", "requests.csv", "iterations.csv"])
            Assert.Equal(File.ReadAllText(Path.Combine(first, file)), File.ReadAllText(Path.Combine(second, file)));
        Assert.Equal(Fingerprint(first), Fingerprint(second));
        Assert.True(File.Exists(Path.Combine(second, "environment.json")));
    }

    [Fact]
    public void Two_runs_agree_event_by_event()
    {
        var (code, _, error) = Run("run", "--limit", "50", "--instances", "2", "--check-determinism");
        Assert.Equal(0, code);
        Assert.Contains("two runs agree event by event", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_fault_ends_with_code_3_and_leaves_no_results()
    {
        var output = Path.Combine(_folder, "out");
        var (code, _, error) = Run("run", "--limit", "5", "--policy", "sample-bare", "--out", output);
        Assert.Equal(3, code);
        Assert.Contains("policy 'sample-bare'", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(output));
    }

    [Fact]
    public void Progress_tells_the_ratio_to_real_time_and_the_time_left()
    {
        Assert.Equal("[#####...............] 25%, 120 s simulated, 250 requests, 60x real time, 6 s left", ProgressLine.Text(120, 250, 1000, 2));
        Assert.Equal("120 s simulated, 250 requests, 60x real time", ProgressLine.Text(120, 250, null, 2));
    }

    [Fact]
    public void Members_of_a_batch_add_up()
    {
        var shape = new BatchText(["2x512@128", "3"], ["32x1024"]).Shape;
        Assert.Equal((1027, 3, 32), (shape.PrefillTokens, shape.PrefillSequences, shape.DecodeSequences));
        Assert.Equal((2 * ((512L * 128) + (512 * 513 / 2))) + 6, shape.PrefillPairs);
        Assert.Equal((2 * 640) + 3, shape.PrefillContextTokens);
        Assert.Equal(32 * 1024, shape.DecodeContextTokens);
        Assert.Equal(35, shape.Sequences.Length);
    }

    private string WriteLengths()
    {
        var path = Path.Combine(_folder, "lengths.csv");
        File.WriteAllText(path, "num_prefill_tokens,num_decode_tokens\n" + string.Concat(Enumerable.Range(1, 40).Select(i => $"{100 + (37 * i)},{5 + i}\n")));
        return path;
    }

    private static string Fingerprint(string folder) => File.ReadLines(Path.Combine(folder, "summary.json")).First(line => line.Contains("\"fingerprint\"", StringComparison.Ordinal));

    private static string Guide()
    {
        using var reader = new StreamReader(typeof(RunCommandTests).Assembly.GetManifestResourceStream("using.md")!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        using var app = new ServeSim.Cli.AppContext(output, error, false, false, Samples.Types);
        var code = SimulatorApp.Run(args, app);
        return (code, output.ToString(), error.ToString());
    }
}
