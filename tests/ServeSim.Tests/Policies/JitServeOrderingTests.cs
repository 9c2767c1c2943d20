using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting.Metrics;
using ServeSim.Workloads;

namespace ServeSim.Tests.Policies;

/// <summary>
/// Check 7: who earns more. An even mix of chats (2 s, 100 ms) and reports (20 s), as in the paper without compound tasks, on one
/// A100 with Llama-3.1-8B, 32 places and 512 tokens for everybody, host memory to swap to, and decode attention that pays
/// for unequal lengths. Rates are total tokens on time per second.
/// </summary>
public sealed class JitServeOrderingTests
{
    private const int Seeds = 10;
    private const double StudentsT = 2.262;    // 95 %, nine degrees of freedom

    private static readonly PolicyCatalog Catalog = PolicyCatalog.Load();

    private static readonly (string Name, string[] Sets)[] Rivals =
    [
        ("no GMAX", ["policy=jitserve", "policy.selection=shortest-first"]),
        ("fcfs", ["policy=fcfs", "policy.maxSequences=32", "policy.maxBatchedTokens=512"]),
        ("sarathi", ["policy=sarathi", "policy.maxSequences=32", "policy.tokenBudget=512"]),
        ("edf", ["policy=edf", "policy.maxSequences=32", "policy.tokenBudget=512"]),
        ("sjf", ["policy=sjf", "predictor=quantile-history", "policy.maxSequences=32", "policy.tokenBudget=512"]),
        ("attained service", ["policy=attained-service", "policy.maxSequences=32", "policy.tokenBudget=512"]),
    ];

    [Fact]
    public void Check_7_under_heavy_load_the_oracle_earns_most_then_jitserve_then_the_others()
    {
        var jit = Goodput(12, 600, Seeds, "policy=jitserve");
        Ordered("oracle over JITServe", Goodput(12, 600, Seeds, "policy=jitserve", "predictor=oracle"), jit);
        foreach (var (name, sets) in Rivals) Ordered($"JITServe over {name}", jit, Goodput(12, 600, Seeds, sets));
    }

    [Fact]
    public void Check_7_under_light_load_all_earn_the_same()
    {
        var jit = Goodput(1.5, 150, 1, "policy=jitserve")[0];
        foreach (var (name, sets) in Rivals) Assert.True(Math.Abs((Goodput(1.5, 150, 1, sets)[0] / jit) - 1) <= 0.02, name);
    }

    /// <summary>The paired differences are above zero with 95 % confidence.</summary>
    private static void Ordered(string because, double[] more, double[] less)
    {
        var differences = more.Zip(less, (a, b) => a - b).ToArray();
        var mean = differences.Average();
        var halfWidth = StudentsT * Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / (Seeds - 1) / Seeds);
        Assert.True(mean > halfWidth, $"{because}: {mean:F0} ± {halfWidth:F0} tokens/s");
    }

    private static double[] Goodput(double requestsPerSecond, int requests, int seeds, params string[] sets)
    {
        string[] all =
        [
            "gpu=a100-80-sxm", "cost=roofline+padded:1", "kv.hostGib=64", FormattableString.Invariant($"trace.limit={requests}"), FormattableString.Invariant($"trace.arrivals=poisson:{requestsPerSecond}"),
            "slo.classes.chat.kind=latency", "slo.classes.chat.ttft=2s", "slo.classes.chat.tbt=100ms", "slo.classes.chat.share=1",
            "slo.classes.report.kind=deadline", "slo.classes.report.e2e=20s", "slo.classes.report.share=1", .. sets,
        ];
        var results = new double[seeds];
        for (var seed = 1; seed <= seeds; seed++)
        {
            var scenario = new ScenarioReader(Catalog).ReadDefaults([.. all.Select(s => ScenarioOverride.Parse(s)), ScenarioOverride.Parse($"seed={seed}")]).Scenario;
            var setup = new RunSetup(scenario, Catalog);
            using var trace = setup.OpenTrace();
            using var source = new TraceTrafficSource(trace);
            var metrics = new RunMetrics(setup.Metrics);
            setup.CreateRun(source, metrics).Execute();
            results[seed - 1] = metrics.Summarize().Goodput!.All.TokensPerSecond!.Value;
        }

        return results;
    }
}
