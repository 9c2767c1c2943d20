using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Tests.Experiments;

public sealed class RunSetupTests
{
    private static readonly PolicyCatalog _catalog = PolicyCatalog.Load();

    [Fact]
    public void A_precision_changes_cost_and_blocks_and_is_reported()
    {
        var (plain, narrow) = (Setup(), Setup("precision=fp8-block+kv-fp8"));
        Assert.True(narrow.Shape.TotalBlocks > 2 * plain.Shape.TotalBlocks);
        Assert.EndsWith(", fp8-block+kv-fp8", narrow.Cost.Info.Name, StringComparison.Ordinal);
        Assert.Contains("precision fp8-block+kv-fp8: 8.46 GiB of weights, 64 KiB of KV cache a token", Notes(narrow));
        Assert.DoesNotContain(Notes(plain), note => note.Contains("precision", StringComparison.Ordinal));
        Assert.Contains(Setup("precision=fp8", "cost=linear:1,0,0,0,0").Cost.Info.Warnings, w => w.Contains("precision changes its KV capacity only", StringComparison.Ordinal));
    }

    [Fact]
    public void Shared_experts_reach_the_cost_model_and_leave_room_for_the_cache()
    {
        var whole = Setup("model=qwen3-30b-a3b", "instances=4");
        var shared = Setup("model=qwen3-30b-a3b", "instances=4", "parallel.expert=4", "parallel.data=4");
        Assert.Contains("ep 4, dp 4", shared.Cost.Info.Name, StringComparison.Ordinal);
        Assert.True(shared.Shape.TotalBlocks > 2 * whole.Shape.TotalBlocks);
        Assert.Contains(Notes(shared), note => note.Contains("run independently", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1", 111.771035), InlineData("0.7", 66.326136)]
    public void Stated_routing_is_what_is_priced_and_counted(string locality, double experts)
    {
        var setup = Setup("model=qwen3-30b-a3b", "parallel.tensor=2", $"experts.locality={locality}");
        var batch = new BatchShape { DecodeSequences = 32, DecodeContextTokens = 32_000 };
        Assert.Equal(48 * experts, setup.Cost.ExpertReads(batch), 1e-4);
        Assert.Equal(9_437_184, setup.Metrics.Experts!.BytesPerExpert);
        Assert.Equal(2048 * 2 * 2, setup.Metrics.CarriedBytesPerToken);
        Assert.True(Setup("model=qwen3-30b-a3b", "parallel.tensor=2", "experts.locality=0.5").Cost.IterationTime(batch) < setup.Cost.IterationTime(batch));
        Assert.Null(Setup("model=llama-3.1-8b").Metrics.Experts);
        Assert.Null(Setup("model=qwen3-30b-a3b", "parallel.tensor=2", "cost=linear:1,0,0,0,0").Metrics.Experts);
    }

    [Theory]
    [InlineData("experts.locality=0", "experts.locality=0", "must be above 0 and at most 1")]
    [InlineData("policy=layered-prefill", "experts.locality=1.5", "must be above 0 and at most 1")]
    [InlineData("cost=roofline:f2", "precision=fp8", "roofline:f2 is for BF16")]
    [InlineData("parallel.expert=2", "parallel.tensor=2", "has no routed experts")]
    [InlineData("model=qwen3-30b-a3b", "parallel.expert=3", "cannot be shared by 3 ranks")]
    public void What_a_cost_model_cannot_do_is_refused(string one, string other, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => Setup(one, other)).Message, StringComparison.Ordinal);

    private static RunSetup Setup(params string[] sets) =>
        new(new ScenarioReader(_catalog).ReadDefaults(sets.Select(s => ScenarioOverride.Parse(s))).Scenario, _catalog);

    private static IReadOnlyList<string> Notes(RunSetup setup) => setup.Describe(new RunResult(SimTime.Zero, 0, 0, 0, 0, 0, 0, false, 0)).Notes;
}
