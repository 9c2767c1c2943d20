using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Tests.Experiments;

public sealed class ScenarioReaderTests
{
    private const string Minimal = "policy: sample\nrouter: sample-router\n";
    private readonly ScenarioReader _reader = new(new PolicyCatalog([], Samples.Types));

    [Fact]
    public void All_problems_are_reported_at_once_in_the_order_of_the_input()
    {
        const string yaml = """
            polcy: sample
            instances: 0
            kv:
              memoryFraction: 1.4
              blockSize: 3
              blocksize: 16
            policy:
              name: sample
              tokenBudgt: 12
            router:
              name: sample-ruter
            seed: -1
            """;
        var fault = Assert.Throws<InputException>(() => _reader.ReadText(yaml, "s.yaml", Set("engine.horizon=5"), Set("nonsense")));
        Assert.Equal(
        [
            "s.yaml:1:1: polcy is not a known key; did you mean \"policy\"?",
            "s.yaml:2:12: instances must be from 1 to 65536, got 0",
            "s.yaml:4:19: kv.memoryFraction must be in (0, 1], got 1.4",
            "s.yaml:5:14: kv.blockSize must be a power of two, got 3",
            "s.yaml:6:3: kv.blocksize is not a known key; did you mean \"blockSize\"?",
            "s.yaml:9:3: policy.tokenBudgt is not a known key; did you mean \"tokenBudget\"?",
            "s.yaml:11:9: router.name must be the name of a router, got \"sample-ruter\"; did you mean \"sample-router\"?",
            "s.yaml:12:7: seed must be a whole number from 0, got -1",
            "--set nonsense: must be key.path=value, such as policy.tokenBudget=1024",
            "--set engine.horizon=5: engine.horizon must be a duration such as 10ms, 2.5s or 1h (ns, us, ms, s, min, h), got 5",
        ], fault.Problems);
    }

    [Theory]
    [InlineData("precision=fp9", "precision: unknown precision \"fp9\"; did you mean \"fp8\"?")]
    [InlineData("precision=natve", "did you mean \"native\"?")]
    [InlineData("precision=native+kv-fp9", "unknown KV format \"kv-fp9\"; did you mean \"kv-fp8\"?")]
    [InlineData("parallel.expert=0", "parallel.expert must be from 1 to 1024, got 0")]
    [InlineData("parallel.data=2", "instances must be a multiple of parallel.data (2), whose replicas count as instances, got 1")]
    public void Formats_and_layouts_that_do_not_exist_are_refused(string set, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => _reader.ReadText(Minimal, "s.yaml", Set(set))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("tenants: 3", "tenants must be a group of names with weights")]
    [InlineData("tenants: { a: 0 }", "tenants.a must be a weight above 0, got 0")]
    [InlineData("tenants: { a: x }", "tenants.a must be a weight above 0, got x")]
    [InlineData("tenants: { a: 1, a: 2 }", "tenants.a is given twice")]
    public void Weights_that_are_no_shares_are_refused(string yaml, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => _reader.ReadText(Minimal + yaml, "s.yaml")).Message, StringComparison.Ordinal);

    [Fact]
    public void Tenants_keep_their_names_as_written() =>
        Assert.Equal(2, _reader.ReadText(Minimal + "tenants: { Team-A: 2 }", "s.yaml").Scenario.Tenants!["Team-A"]);

    public static TheoryData<string, string, string[]> RoundTrips => new()
    {
        { "defaults", Minimal, [] },
        { "weights of tenants", Minimal + "tenants: { 'Team A: x': 2.5, b: 1 }", ["tenants.c-d=3"] },
        { "no weights", Minimal + "tenants: {}", [] },
        { "a predictor", Minimal + "predictor: { name: sample-predictor, sigma: 0.25 }", [] },
        { "options of every kind", "router: { name: sample-router, choices: 3, signalPeriod: 100ms }\npolicy: { name: sample, tokenBudget: 7, order: shortest-prompt, slack: 0.1, window: 1500ns, chunked: false, label: '  # \"odd\": \\ text\t', cap: 9 }", [] },
        { "numbers in their shortest form", Minimal, ["trace.rateScale=0.1", "kv.memoryFraction=0.30000000000000004", "seed=18446744073709551615"] },
        { "texts that look like something else", Minimal, ["trace.path=007", "trace.window=..60", "trace.order=window:5", "cost=linear:1,2e-3,-4", "cost=true", "trace.path=a: b"] },
        { "formats and shared experts", Minimal, ["precision=native+kv-fp8", "parallel.expert=8", "parallel.data=2", "instances=4"] },
        { "a workload", Minimal + "workload: { arrivals: poisson:2, duration: 60s, classes: { chat-1: { input: 'lognormal:900,sigma=0.8', output: 'constant:5', share: 2 }, 'on': { input: 'uniform:1..9', output: 'constant:5', arrivals: 'constant:1', active: 10s, pause: 5s, tenant: t } } }", [] },
        { "every limit", Minimal, ["slo.ttft=2s", "slo.tbt=100ms", "slo.tpot=1us", "slo.e2e=1h", "engine.horizon=1min", "metrics.warmup=3s", "metrics.exact=true", "kv.hostGib=1.5"] },
    };

    [Theory, MemberData(nameof(RoundTrips))]
    public void A_resolved_scenario_reads_back_to_an_equal_one(string because, string yaml, string[] sets)
    {
        var scenario = _reader.ReadText(yaml, "s.yaml", sets.Select(Set)).Scenario;
        var text = ScenarioWriter.Write(scenario);
        var again = _reader.ReadText(text, "again.yaml").Scenario;
        Assert.True(scenario == again, $"{because}:\n{text}");
        Assert.Equal(text, ScenarioWriter.Write(again));
    }

    [Fact]
    public void A_resolved_scenario_shows_every_key_and_the_options_of_the_policy()
    {
        var text = ScenarioWriter.Write(_reader.ReadText(Minimal, "s.yaml").Scenario);
        Assert.Contains("policy:\n  name: sample\n  tokenBudget: 512\n  order: first-come\n  slack: null\n  window: 5ms\n", text, StringComparison.Ordinal);
        Assert.Contains("router:\n  name: sample-router\n  choices: 2\n  signalPeriod: 0s\n", text, StringComparison.Ordinal);
        Assert.Contains("predictor: null\n", text, StringComparison.Ordinal);
        Assert.Contains("  livelockLimit: 100000\n  horizon: null\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_is_read_like_yaml()
    {
        var scenario = _reader.ReadText("""{ "policy": { "name": "sample", "tokenBudget": 64 }, "router": "sample-router", "kv": { "blocks": null, "blockSize": 32 } }""", "s.json").Scenario;
        Assert.Equal((64, 32), (((SampleOptions)scenario.Policy.Options!).TokenBudget, scenario.Kv.BlockSize));
    }

    [Fact]
    public void A_later_override_wins_over_an_earlier_one_and_over_the_file()
    {
        const string yaml = Minimal + "kv: { blockSize: 8 }\nseed: 5\n";
        var scenario = _reader.ReadText(yaml, "s.yaml", Set("kv.block-size=32"), Set("kv.blockSize=64"), Set("policy.tokenBudget=9")).Scenario;
        Assert.Equal((64, 5UL, 9), (scenario.Kv.BlockSize, scenario.Seed, ((SampleOptions)scenario.Policy.Options!).TokenBudget));
    }

    [Fact]
    public void Limits_can_be_one_text_and_a_later_override_changes_one_of_them()
    {
        var scenario = _reader.ReadText(Minimal + "slo: mlperf:llama-3.1-8b/server\n", "s.yaml", Set("slo.tbt=80ms")).Scenario;
        Assert.Equal(new SloLimits(Ttft: SimDuration.FromSeconds(2), Tbt: SimDuration.FromMilliseconds(80), Tpot: SimDuration.FromMilliseconds(100)), scenario.Slo.ToLimits());
        Assert.True(_reader.ReadText(Minimal + "slo: { ttft: 1s }", "s.yaml", Set("slo=none")).Scenario.Slo.ToLimits().IsEmpty);
        var fault = Assert.Throws<InputException>(() => _reader.ReadText(Minimal + "slo: ttfd=2s", "s.yaml"));
        Assert.StartsWith("s.yaml:3:6: slo.ttfd is no limit; did you mean \"ttft\"?", Assert.Single(fault.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_and_texts_of_other_parts_are_checked_where_they_stand()
    {
        var fault = Assert.Throws<InputException>(() => _reader.ReadText(
            Minimal + "model: llama-3.1-8c\ngpu: h100\ntrace: { format: azur, arrivals: poison:4, window: 5 }", "s.yaml"));
        Assert.Collection(fault.Problems,
            p => Assert.StartsWith("s.yaml:3:8: model: unknown model \"llama-3.1-8c\"; did you mean", p, StringComparison.Ordinal),
            p => Assert.StartsWith("s.yaml:4:6: gpu: unknown ", p, StringComparison.Ordinal),
            p => Assert.StartsWith("s.yaml:5:18: trace.format must be auto or one of servesim, ", p, StringComparison.Ordinal),
            p => Assert.StartsWith("s.yaml:5:34: trace.arrivals: arrivals \"poison:4\" are not known; did you mean \"poisson\"?", p, StringComparison.Ordinal),
            p => Assert.StartsWith("s.yaml:5:52: trace.window: window \"5\" is not of the form A..B", p, StringComparison.Ordinal));
    }

    [Fact]
    public void Another_policy_name_drops_the_options_of_the_file_and_says_so()
    {
        const string yaml = "policy: { name: sample, tokenBudget: 9 }\nrouter: { name: sample-router, signalPeriod: 1s }\n";
        var reading = _reader.ReadText(yaml, "s.yaml", Set("policy.name=sample-bare"));
        Assert.Equal(new PolicyChoice("sample-bare"), reading.Scenario.Policy);
        Assert.Equal(SimDuration.FromSeconds(1), reading.Scenario.Router.SignalPeriod);
        Assert.Equal(["s.yaml:1:25: policy.tokenBudget belongs to \"sample\" and is not used, because --set policy.name=sample-bare chooses \"sample-bare\""], reading.Notes);
    }

    [Fact]
    public void An_option_that_its_record_refuses_is_reported_with_its_key()
    {
        var fault = Assert.Throws<InputException>(() => _reader.ReadText("policy: { name: sample-fussy, size: 0 }\nrouter: sample-router", "s.yaml"));
        Assert.StartsWith("s.yaml:1:37: policy.size: ", Assert.Single(fault.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_relative_trace_path_starts_from_the_scenario_file_and_a_flag_from_the_working_directory()
    {
        var folder = Directory.CreateTempSubdirectory("scenario-").FullName;
        var file = Path.Combine(folder, "s.yaml");
        File.WriteAllText(file, Minimal + "trace: { path: data/t.csv }\n");
        try
        {
            var path = _reader.ReadFile(file).Scenario.Trace.Path!;
            Assert.Equal(Path.Combine(folder, "data", "t.csv"), Path.GetFullPath(path));
            Assert.Equal("here.csv", _reader.ReadFile(file, Set("trace.path=here.csv")).Scenario.Trace.Path);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_missing_file_is_an_input_error() =>
        Assert.StartsWith("no/such.yaml: cannot be read", Assert.Throws<InputException>(() => _reader.ReadFile("no/such.yaml")).Message, StringComparison.Ordinal);

    private static ScenarioOverride Set(string assignment) => ScenarioOverride.Parse(assignment);
}
