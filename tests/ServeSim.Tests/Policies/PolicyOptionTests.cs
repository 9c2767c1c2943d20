using ServeSim.Abstractions;
using ServeSim.Policies.Batching;
using static ServeSim.Tests.Policies.MicroRun;

namespace ServeSim.Tests.Policies;

/// <summary>Each option changes a small schedule in the way that it is documented to.</summary>
public sealed class PolicyOptionTests
{
    [Fact]
    public void Vllm_v1_by_priority_admits_the_urgent_first_and_preempts_the_least_urgent()
    {
        RequestSpec[] trace = [Request(0, 2, 4, priority: 0), Request(0, 2, 4, priority: 5)];
        Assert.Equal([8, 4], new MicroRun().Execute(_ => new VllmV1Policy(new(MaxSequences: 1, Order: VllmV1Order.Priority)), trace).Ends);

        // Seven tokens hold both until each wants its fourth.
        Assert.Equal((1, 0), Preemptions(new MicroRun { Blocks = 7 }.Execute(_ => new VllmV1Policy(new(Order: VllmV1Order.Priority)), trace)));
        Assert.Equal((0, 1), Preemptions(new MicroRun { Blocks = 7 }.Execute(_ => new VllmV1Policy(new()), trace)));
    }

    [Fact]
    public void Vllm_v1_takes_back_the_tokens_of_a_victim_that_was_already_scheduled()
    {
        // In list order the unimportant one comes first and gets its block; the important one takes all of it back.
        var run = new MicroRun { Blocks = 7 }.Execute(_ => new VllmV1Policy(new(Order: VllmV1Order.Priority)),
            Request(0, 2, 4, priority: 0), Request(1, 2, 4, priority: 5));
        Assert.Equal((1, 0), Preemptions(run));
        Assert.All(run.Iterations, i => Assert.True(i.UsedBlocks <= 7));
    }

    [Theory, InlineData(0, true, "0+8 0+2"), InlineData(4, true, "0+4 0+4 0+2"), InlineData(0, false, "0+10")]
    public void Vllm_v1_cuts_prompts_by_budget_and_threshold_unless_chunking_is_off(int threshold, bool chunked, string batches) =>
        Assert.Equal(batches, new MicroRun().Execute(_ => new VllmV1Policy(new(8, LongPrefillTokens: threshold, ChunkedPrefill: chunked)), Request(0, 10, 1)).Batches);

    [Fact]
    public void Sglang_cuts_the_next_prompt_in_the_iteration_that_ends_the_last_one() =>
        Assert.Equal("0+8 0+8 0+4 2+0", new MicroRun { Blocks = 10_000 }.Execute(_ => Sglang(new(ChunkTokens: 8)), Request(0, 10, 2), Request(0, 10, 2)).Batches);

    [Theory, InlineData(false, "0+4 0+8 0+2 2+0 1+0"), InlineData(true, "0+4 1+7 1+3 2+0")]
    public void Sglang_lets_decodes_ride_with_a_prefill_only_when_mixed(bool mixed, string batches) =>
        Assert.Equal(batches, new MicroRun { Blocks = 10_000 }.Execute(_ => Sglang(new(ChunkTokens: 8, MixedChunk: mixed)), Request(0, 4, mixed ? 4 : 3), Request(0.5, 10, 2)).Batches);

    [Fact]
    public void Sglang_looks_at_the_longest_output_cap_first_when_told_to()
    {
        RequestSpec[] trace = [Request(0, 1, 2, cap: 2), Request(0, 1, 2, cap: 9)];
        Assert.Equal([2, 4], new MicroRun().Execute(_ => Sglang(new(MaxSequences: 1)), trace).Ends);
        Assert.Equal([4, 2], new MicroRun().Execute(_ => Sglang(new(SglangOrder.Lof, MaxSequences: 1)), trace).Ends);
    }

    [Fact]
    public void Sglang_admits_only_while_prompt_output_and_reserve_stay_below_the_free_memory()
    {
        // 2 x (10 + 50) = 120 tokens are charged for two; the test is strict.
        int Together(int blocks) => new MicroRun { Blocks = blocks }.Execute(_ => Sglang(new()), Request(0, 10, 2, cap: 50), Request(0, 10, 2, cap: 50)).Iterations[0].PrefillSequences;
        Assert.Equal((1, 2), (Together(120), Together(121)));
    }

    [Fact]
    public void Sglang_retracts_the_least_output_with_the_longest_prompt_and_queues_it_last()
    {
        var run = new MicroRun { Blocks = 13 }.Execute(_ => Sglang(new(ClipTokens: 1)),
            Request(0, 3, 6, cap: 6), Request(0, 5, 6, cap: 6), Request(0.5, 4, 1, cap: 1));
        Assert.Equal((0, 1), Preemptions(run));
        Assert.True(run.End(2) < run.End(1), "the retracted request went behind the one that waited");
    }

    [Fact]
    public void The_starvation_guard_lets_a_long_request_in_between_short_ones()
    {
        RequestSpec[] trace = [Request(0, 1, 2), Request(0, 1, 9), .. Enumerable.Range(1, 12).Select(i => Request(2 * i, 1, 2))];
        Assert.Equal(35, new MicroRun().Execute(_ => new SjfPolicy(new(MaxSequences: 1), Oracle), trace).End(1));
        Assert.Equal(15, new MicroRun().Execute(_ => new SjfPolicy(new(MaxSequences: 1, StarvationIterations: 5), Oracle), trace).End(1));
    }

    [Fact]
    public void The_response_ratio_ages_a_long_request_into_its_turn()
    {
        RequestSpec[] trace = [Request(0, 1, 2), Request(0, 1, 9), .. Enumerable.Range(1, 30).Select(i => Request(2 * i, 1, 2))];
        var ratio = new MicroRun().Execute(_ => new SjfPolicy(new(SjfScore.ResponseRatio, MaxSequences: 1), Oracle), trace).End(1);
        Assert.InRange(ratio, 11, 40);
    }

    [Fact]
    public void Edf_drops_or_demotes_what_cannot_be_in_time()
    {
        RequestSpec[] trace = [.. new[] { (4, 10), (4, 3), (2, 4) }.Select(job => Request(0, 1, job.Item1, slo: new(SimDuration.FromSeconds(job.Item2))))];
        Assert.Equal([10, 4, 6], Edf(new(MaxSequences: 1)).Ends);
        var dropping = Edf(new(MaxSequences: 1, DropLate: true));
        Assert.Equal((8, 4, RequestOutcome.Rejected), (dropping.End(0), dropping.End(1), dropping[2].Outcome));
        Assert.Equal([8, 4, 10], Edf(new(MaxSequences: 1, DemoteLate: true)).Ends);

        MicroRun Edf(EdfOptions options) => new MicroRun().Execute(shape => new EdfPolicy(options, shape), trace);
    }

    [Fact]
    public void Edf_by_slack_starts_the_long_prompt_before_the_earlier_deadline()
    {
        RequestSpec[] trace = [Request(0, 10, 1, slo: new(SimDuration.FromSeconds(15))), Request(0, 1, 1, slo: new(SimDuration.FromSeconds(14)))];
        int First(bool slack) => new MicroRun { Cost = new LinearCost(1, 1) }.Execute(shape => new EdfPolicy(new(BySlack: slack, MaxSequences: 1), shape), trace).End(1);
        Assert.Equal((1, 11), (First(false), First(true)));
    }

    [Fact]
    public void FastServe_swaps_idle_requests_out_before_room_runs_out_and_hides_the_copies()
    {
        var run = new MicroRun { Blocks = 12, HostBlocks = 40, BytesPerBlock = 1, HostLinkBytesPerSecond = 100 }.Execute(
            shape => new FastServePolicy(new(QuantumMilliseconds: 1000, MaxBatch: 2), shape),
            [.. Enumerable.Range(0, 4).Select(_ => Request(0, 2, 5))]);
        Assert.True(run.Iterations.Sum(i => i.SwappedBytes) > 0);
        Assert.All(run.Iterations, i => Assert.Equal(1, (i.End - i.Start).Seconds));    // copies are shorter than an iteration
        Assert.Equal(0, Enumerable.Range(0, 4).Sum(i => run[i].RecomputedTokens));
    }

    [Fact]
    public void FastServe_promotes_whoever_has_not_run_for_long()
    {
        int End(int every) => new MicroRun().Execute(
            shape => new FastServePolicy(new(QuantumMilliseconds: 3000, MaxBatch: 1, StarvationIterations: every), shape),
            [Request(0, 1, 9), .. Enumerable.Range(1, 15).Select(i => Request(2 * i, 1, 2))]).End(0);
        Assert.True(End(5) < End(1000), $"{End(5)} after promotion, {End(1000)} without");
    }

    [Fact]
    public void Reject_all_serves_nobody() =>
        Assert.Equal(2, new MicroRun().Execute(_ => new RejectAllPolicy(), Request(0, 1, 1), Request(1, 1, 1)).Result.Rejected);

    [Fact]
    public void What_can_never_be_reserved_is_refused_with_a_reason()
    {
        foreach (var make in (Func<IBatchPolicy>[])[() => new StaticPolicy(new(2, 100)), () => new OrcaPolicy(new(2, 100))])
        {
            var run = new MicroRun { Blocks = 100, Watermark = 0.1 }.Execute(_ => make(), Request(0, 1, 1));
            Assert.Equal(RequestOutcome.Rejected, run[0].Outcome);
            Assert.Contains("watermark", run[0].Reason, StringComparison.Ordinal);
        }
    }

    private static SglangPolicy Sglang(SglangOptions options) => new(options, new(1, "sglang"));

    private static (int, int) Preemptions(MicroRun run) => (run[0].Preemptions, run[1].Preemptions);
}
