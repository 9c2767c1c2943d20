using ServeSim.Abstractions;
using ServeSim.CostModels.Linear;
using ServeSim.Policies.Batching;
using static ServeSim.Tests.Policies.MicroRun;

namespace ServeSim.Tests.Policies;

/// <summary>The acceptance checks of layered prefill that need no real model: times, groups, laws of a cohort.</summary>
public sealed class LayeredPrefillTests
{
    // Per layer: a decode 1 ms, n prompt tokens n/256 ms.
    private static LinearCostModel FourLayers => new(0, 4 / 256.0, 4, 0, 0, layers: 4);

    [Theory]
    [InlineData("layered", 24, 12), InlineData("chunked", 24, 12), InlineData("whole", 20, 20)]
    public void Check_1_a_dense_prompt_takes_as_long_in_two_groups_as_in_two_chunks(string how, int ttft, int tbt)
    {
        // The first token of the decoding request costs 1/64 ms, so its decodes end at 4 ms and 1/64, 8 ms and 1/64, …
        var run = new MicroRun { Cost = FourLayers, Blocks = 4000 }.Execute(
            shape => how == "layered" ? new LayeredPrefillPolicy(new(), shape) : new SarathiPolicy(new(how == "chunked" ? 513 : 5000)),
            Request(0, 1, 8), Request(0.004015625, 1024, 2));
        Assert.Equal(SimDuration.FromMilliseconds(ttft), run[1].Ttft);
        Assert.Equal(SimDuration.FromMilliseconds(tbt), run[0].MaxTbt);
    }

    [Theory]
    [InlineData(512, 1, 1), InlineData(513, 2, 2), InlineData(2048, 4, 4), InlineData(2049, 8, 5), InlineData(8192, 16, 16)]
    public void Check_2_groups_follow_the_table_or_the_formula(int tokens, int code, int paper)
    {
        Assert.Equal(code, LayeredPrefillPolicy.GroupsOf(tokens, new()));
        Assert.Equal(paper, LayeredPrefillPolicy.GroupsOf(tokens, new(Groups: LayerGroups.Paper)));
    }

    [Theory]
    [InlineData(24, "1 2 4 8 24"), InlineData(12, "1 2 4 6 12"), InlineData(4, "1 2 4 4 4")]
    public void Check_2_every_row_of_the_table_is_there(int maxGroups, string groups) =>
        Assert.Equal(groups, string.Join(' ', new[] { 512, 1024, 2048, 4096, 8192 }.Select(n => LayeredPrefillPolicy.GroupsOf(n, new(MaxGroups: maxGroups)))));

    [Theory, InlineData(LayerGroups.Code, 4), InlineData(LayerGroups.Paper, 3)]
    public void Check_2_prompts_that_arrive_together_form_one_cohort(LayerGroups rule, int groups)
    {
        var spy = new SpyCost(FourLayers);
        new MicroRun { Cost = spy, Blocks = 4000 }.Execute(shape => new LayeredPrefillPolicy(new(Groups: rule), shape), [.. Enumerable.Repeat(Request(0, 300, 1), 4)]);
        Assert.Equal(Enumerable.Repeat(1200, groups), spy.Seen.Select(seen => seen.Tokens));
    }

    [Fact]
    public void Check_2_the_first_groups_take_the_layers_that_the_division_leaves() =>
        Assert.Equal([10, 10, 10, 9, 9], Enumerable.Range(0, 5).Select(i => LayerRange.Part(48, 5, i).Count));

    [Fact]
    public void Check_4_every_prompt_token_crosses_every_layer_once_in_one_cohort_at_a_time()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var random = new RandomStream(seed, "layered");
            var time = 0.0;
            var trace = Enumerable.Range(0, 30).Select(_ => Request(time += random.NextExponential() * 0.05, 1 + random.NextInt(6000), 1 + random.NextInt(60))).ToArray();
            var spy = new SpyCost(new LinearCostModel(0.1, 0.02, 1, 0, 1e-7, layers: 7));
            var run = new MicroRun { Cost = spy, Blocks = 200_000 }.Execute(shape => new LayeredPrefillPolicy(new(), shape), trace);

            for (var i = 0; i < run.Iterations.Count; i++)
            {
                var (iteration, seen) = (run.Iterations[i], spy.Seen[i]);
                Assert.True(seen.Slices <= 1 && (seen.Slices == 0 || seen.WholeTokens == 0), "two cohorts");
                Assert.Equal(Enumerable.Range(0, trace.Length).Count(r => run[r].FirstToken <= iteration.Start && run[r].Finished > iteration.Start), iteration.DecodeSequences);
                var firstTokens = Enumerable.Range(0, trace.Length).Count(r => run[r].FirstToken == iteration.End);
                Assert.True(firstTokens == 0 || seen.IsLastGroup, "a first token before the last group");
            }

            var work = run.Iterations.Sum(i => i.PrefillTokens * i.LayerShare);
            Assert.Equal(trace.Sum(r => r.InputTokens), work, 1e-6 * work);
            Assert.Equal(trace.Sum(r => (long)r.InputTokens), run.Iterations.Sum(i => (long)i.PrefillTokens - i.PendingTokens));
            CheckOrder(spy);
        }
    }

    [Fact]
    public void Check_6_short_prompts_are_scheduled_like_whole_ones()
    {
        var random = new RandomStream(3, "short");
        var time = 0.0;
        var trace = Enumerable.Range(0, 60).Select(_ => Request(time += random.NextExponential() * 0.04, 1 + random.NextInt(120), 1 + random.NextInt(20))).ToArray();
        MicroRun Run(Func<ClusterShape, IBatchPolicy> policy) => new MicroRun { Cost = FourLayers, Blocks = 20_000 }.Execute(policy, trace);
        var layered = Run(shape => new LayeredPrefillPolicy(new(), shape));
        Assert.Contains(layered.Iterations, i => i is { PrefillTokens: > 0, DecodeSequences: > 0 });
        Assert.Equal(Run(_ => new FcfsPolicy(new())).Iterations, layered.Iterations);
    }

    [Fact]
    public void A_long_queue_is_cut_at_the_token_limit_and_the_cut_prompt_goes_first_next_time()
    {
        var spy = new SpyCost(FourLayers);
        var run = new MicroRun { Cost = spy, Blocks = 20_000 }.Execute(shape => new LayeredPrefillPolicy(new(MaxBatchedTokens: 1000), shape), Request(0, 900, 1), Request(0, 900, 1));
        Assert.Equal([1000, 1000, 800, 800], spy.Seen.Select(seen => seen.Tokens));
        Assert.Equal(1, run.Iterations.Count(i => i.EmittedTokens > 0 && i.End == run[0].FirstToken));
        Assert.Equal([1000, 0, 800, 0], run.Iterations.Select(i => i.CarriedTokens));
        Assert.Equal(1800, run.Iterations[0].UsedBlocks);
    }

    [Fact]
    public void A_cost_model_without_layers_is_refused_at_the_start()
    {
        var refused = Assert.Throws<InputException>(() => new MicroRun().Execute(shape => new LayeredPrefillPolicy(new(), shape), Request(0, 1, 1)));
        Assert.Contains("knows none", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Ranges of one cohort follow each other from layer 0 to the top.</summary>
    private static void CheckOrder(SpyCost spy)
    {
        var at = 0;
        foreach (var (slices, _, tokens, first, end) in spy.Seen)
        {
            if (slices == 0)
            {
                Assert.True(at == 0 || tokens == 0);
                continue;
            }

            Assert.Equal(at, first);
            at = end % 14;
        }

        Assert.Equal(0, at);
    }

    /// <summary>Keeps what each iteration was asked to cost.</summary>
    private sealed class SpyCost(LinearCostModel inner) : ICostModel
    {
        public List<Asked> Seen { get; } = [];

        public CostModelInfo Info => inner.Info;

        public int Layers => inner.Layers;

        public SimDuration IterationTime(in BatchShape shape)
        {
            Seen.Add(shape.Slices is [var slice, ..]
                ? new(shape.Slices.Length, shape.PrefillTokens, shape.PrefillTokens + slice.PrefillTokens, slice.FirstSublayer, slice.EndSublayer)
                : new(0, shape.PrefillTokens, shape.PrefillTokens, 0, 2 * Layers));
            return inner.IterationTime(shape);
        }

        internal sealed record Asked(int Slices, int WholeTokens, int Tokens, int First, int End)
        {
            public bool IsLastGroup => End is 8 or 14;
        }
    }
}
