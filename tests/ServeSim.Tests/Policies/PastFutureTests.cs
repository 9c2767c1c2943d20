using System.Text.Json.Nodes;
using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Forecasts;
using static ServeSim.Tests.Policies.MicroRun;

namespace ServeSim.Tests.Policies;

/// <summary>The acceptance checks of Past-Future that need no statistics.</summary>
public sealed class PastFutureTests
{
    private static readonly RandomStream Random = new(1, "past-future");

    [SkippableFact]
    public void Check_1_sampled_lengths_equal_those_of_the_published_estimator()
    {
        var vectors = JsonNode.Parse(File.ReadAllText(SharedFiles.Path("reference", "past_future_golden.json")))!["conditional_sampling_vectors"]!.AsArray();
        Assert.Equal(120, vectors.Count);
        foreach (var vector in vectors)
        {
            var drawn = Draw(vector!["history"]!.AsArray().Select(h => (int)h!), (int)vector["generated"]!, (int)vector["max_output_len"]!, (double)vector["u"]!);
            Assert.Equal((int)vector["expected_predicted_total"]!, drawn);
        }
    }

    [Fact]
    public void Check_2_the_peak_of_three_requests_is_fifteen_tokens()
    {
        var forecast = new PeakForecast();
        forecast.Add(5, 3);
        forecast.Add(5, 1);
        forecast.Add(2, 8);
        Assert.Equal(15, forecast.PeakTokens());
        Assert.True(forecast.PeakTokens() < 16 * (1 - 0.05));
        Assert.False(forecast.PeakTokens() < 16 * (1 - 0.07));
    }

    [Theory, InlineData(0, 5), InlineData(0.5, 9), InlineData(5.0 / 6, 13)]
    public void Check_3_a_length_is_drawn_on_the_line_between_remembered_ones(double u, int expected) => Assert.Equal(expected, Draw([4, 8, 10], 5, 16, u));

    [Theory]
    [InlineData(LastKnot.Always, 10, 16, 15), InlineData(LastKnot.IfLonger, 10, 16, 15)]    // the cap is the longest: a knot more
    [InlineData(LastKnot.Always, 20, 16, 20), InlineData(LastKnot.IfLonger, 20, 16, 18)]    // a longer output is remembered
    [InlineData(LastKnot.Always, 4, 16, 15), InlineData(LastKnot.IfLonger, 4, 16, 15)]      // no longer one is
    [InlineData(LastKnot.Always, 4, 5, 5), InlineData(LastKnot.IfLonger, 4, 5, 5)]          // and the cap is reached
    public void The_cap_is_the_last_knot_always_or_only_if_it_is_longer(LastKnot last, int remembered, int longest, int expected)
    {
        var window = new LengthWindow(1);
        window.Add(remembered);
        Assert.Equal(expected, ConditionalLength.At(window.Above(5), 5, longest, last, 0.9));
    }

    [Theory, InlineData(0, 1), InlineData(1, 5), InlineData(49, 5), InlineData(51, 4), InlineData(150, 2), InlineData(201, 1)]
    public void A_round_looks_at_fewer_futures_of_a_larger_batch(int running, int futures) =>
        Assert.Equal(futures, PastFuturePolicy.Samples(running, 200, 5));

    [Theory, InlineData(1), InlineData(3), InlineData(10), InlineData(50)]
    public void Check_4_with_true_lengths_and_no_reserve_nobody_is_ever_evicted(int interval)
    {
        var lengths = new RandomStream(3, "lengths");
        for (var trace = 0; trace < 40; trace++)
        {
            var requests = Enumerable.Range(0, 60).Select(i => Request(trace % 4 * 0.7 * i, 1 + lengths.NextInt(60), 1 + lengths.NextInt(80))).ToArray();
            var run = new MicroRun { Blocks = 150 + lengths.NextInt(400) }.Execute(_ => new OptimumPolicy(new() { Interval = interval }, new TrueLengths()), requests);
            Assert.Equal((60, 0), (run.Result.Finished, Enumerable.Range(0, 60).Sum(i => run[i].Preemptions)));
            Assert.Contains(run.Iterations, i => i.DecodeSequences > 2);
        }
    }

    /// <summary>Otherwise the check before would hold for whoever admits little: one token less of memory, and the first eviction comes.</summary>
    [Fact]
    public void The_optimum_fills_the_memory_to_the_last_token_but_one()
    {
        RequestSpec[] trace = [Request(0, 10, 11), Request(0, 10, 11)];    // 2 x (10 + 10) tokens at the peak
        int Together(int blocks) => new MicroRun { Blocks = blocks }.Execute(_ => new OptimumPolicy(new(), new TrueLengths()), trace).Iterations[0].PrefillSequences;
        Assert.Equal((1, 2), (Together(40), Together(41)));
    }

    [Fact]
    public void A_reserve_keeps_its_share_of_the_memory_out_of_the_forecast()
    {
        RequestSpec[] trace = [Request(0, 50, 11), Request(0, 30, 11)];    // all outputs of the past were 11: the peak is 100
        int Together(double reserve, int blocks) => new MicroRun { Blocks = blocks }
            .Execute(_ => new PastFuturePolicy(new(FillTokens: 11, Reserve: reserve), Random), trace).Iterations[0].PrefillSequences;
        Assert.Equal((1, 2, 1, 2), (Together(0, 100), Together(0, 101), Together(0.5, 200), Together(0.5, 201)));
    }

    [Fact]
    public void One_at_a_time_admits_one_request_in_each_round()
    {
        RequestSpec[] trace = [.. Enumerable.Range(0, 3).Select(_ => Request(0, 5, 9))];
        string Batches(bool one) => new MicroRun().Execute(_ => new AggressivePolicy(new() { OneAtATime = one, Interval = 2 }), trace).Batches;
        Assert.StartsWith("0+15 3+0 3+0 3+0", Batches(false), StringComparison.Ordinal);
        Assert.StartsWith("0+5 1+0 1+0 0+5 2+0 2+0 0+5 3+0", Batches(true), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PrefillCap.NotPassed, "0+10 2+0 0+10 4+0")]
    [InlineData(PrefillCap.UntilReached, "0+15 3+0 0+5 4+0")]
    public void The_prefill_cap_bounds_a_round(PrefillCap cap, string batches)
    {
        RequestSpec[] trace = [.. Enumerable.Range(0, 4).Select(_ => Request(0, 5, 9))];
        var run = new MicroRun().Execute(_ => new AggressivePolicy(new() { PrefillCap = cap, MaxPrefillTokens = 12, Interval = 1 }), trace);
        Assert.StartsWith(batches, run.Batches, StringComparison.Ordinal);
    }

    [Fact]
    public void The_servers_aggressive_rule_looks_at_the_watermark_before_and_the_capacity_after()
    {
        bool Fits(long used, int prompt) => AggressivePolicy.Fits(AggressiveForm.Server, used, prompt, 100, 0.95);
        Assert.Equal((true, false, false), (Fits(94, 4), Fits(94, 5), Fits(95, 1)));
    }

    /// <summary>An eviction after an iteration restores KV without a token; one before it computes the next token as well.</summary>
    [Theory]
    [InlineData(EvictionRule.NewestBeforeStep, 28, 1), InlineData(EvictionRule.TailAfterStep, 30, 1)]
    public void Evicted_requests_keep_their_tokens(EvictionRule rule, int blocks, int evictions)
    {
        var options = new AggressiveOptions(1) { Eviction = rule, Interval = 4, CapacityTokens = rule == EvictionRule.TailAfterStep ? 28 : null };
        var run = new MicroRun { Blocks = blocks }.Execute(_ => new AggressivePolicy(options), Request(0, 10, 8), Request(0, 10, 8));
        Assert.Equal((2L, 8, 8), (run.Result.Finished, run[0].GeneratedTokens, run[1].GeneratedTokens));
        Assert.Equal((0, evictions), (run[0].Preemptions, run[1].Preemptions));
        var prefills = run.Iterations.Where(i => i.PrefillTokens > 0).Select(i => (i.PrefillTokens, i.EmittedTokens)).ToArray();
        Assert.Equal(rule == EvictionRule.TailAfterStep ? [(20, 2), (15, 0)] : [(20, 2), (15, 1)], prefills);
    }

    [SkippableTheory]
    [InlineData("aggressive", EngineKind.Plain), InlineData("conservative", EngineKind.Plain), InlineData("theoretical_optimum", EngineKind.Plain)]
    [InlineData("aggressive", EngineKind.Fast), InlineData("conservative", EngineKind.Fast), InlineData("theoretical_optimum", EngineKind.Fast)]
    public void Check_5_micro_runs_follow_the_published_simulators_step_by_step(string policy, EngineKind kind)
    {
        var cases = JsonNode.Parse(File.ReadAllText(SharedFiles.Path("reference", "past_future_behaviour.json")))!["cases"]!.AsArray();
        Assert.Equal(3, cases.Count);
        foreach (var micro in cases)
        {
            var requests = micro!["requests"]!.AsArray().Select(r => ((int)r![0]!, (int)r[1]!)).ToList();
            var (capacity, interval) = ((int)micro["capacity_tokens"]!, (int)micro["decode_steps_between_admissions"]!);
            var expected = micro["expected"]![policy]!;
            var run = StandAloneLoop.Run(Make(policy, capacity, (int)micro["max_output_len"]!, interval), requests, capacity, interval, kind);

            Assert.Equal(Rows(expected, "admissions_step_index"), run.Admissions.Select(a => new[] { a.Step, a.Request }));
            Assert.Equal(Rows(expected, "evictions_step_index_generated"), run.Evictions.Select(e => new[] { e.Step, e.Request, e.Generated }));
            Assert.Equal(Rows(expected, "finishes_step_index"), run.Finishes.Select(f => new[] { f.Step, f.Request }));
            Assert.Equal(((int)expected["decoding_steps"]!, (int)expected["finished"]!, (int)expected["evictions"]!), (run.DecodeSteps, run.Finishes.Count, run.Evictions.Count));
            Assert.Equal((double)expected["memory_utilization_pct"]!, run.MemoryPercent, 0.00501);
            Assert.Equal((double)expected["peak_memory_pct"]!, run.PeakPercent, 0.00501);
            Assert.Equal((double)expected["evicted_pct_of_finished"]!, run.EvictedPercent, 0.00501);
        }
    }

    private static IntervalPolicy Make(string policy, int capacity, int longest, int interval) => policy switch
    {
        "aggressive" => new AggressivePolicy(StandAloneLoop.With(new AggressiveOptions(), capacity, interval)),
        "conservative" => new ConservativePolicy(StandAloneLoop.With(new ConservativeOptions(longest), capacity, interval)),
        _ => new OptimumPolicy(StandAloneLoop.With(new OptimumOptions(), capacity, interval), new TrueLengths()),
    };

    private static IEnumerable<int[]> Rows(JsonNode expected, string key) => expected[key]!.AsArray().Select(row => row!.AsArray().Select(n => (int)n!).ToArray());

    private static int Draw(IEnumerable<int> history, int generated, int longest, double u)
    {
        var window = new LengthWindow(1000);
        foreach (var length in history) window.Add(length);
        return ConditionalLength.At(window.Above(generated), generated, longest, LastKnot.Always, u);
    }
}
