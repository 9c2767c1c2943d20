using ServeSim.Abstractions;
using ServeSim.Policies.Batching;
using static ServeSim.Tests.Policies.MicroRun;

namespace ServeSim.Tests.Policies;

/// <summary>Exact schedules with iterations of one second.</summary>
public sealed class AcceptanceTests
{
    private static readonly RequestSpec[] FourTwoTwo = [Request(0, 1, 4), Request(0, 1, 2), Request(0, 1, 2)];

    [Fact]
    public void Static_batching_lets_nobody_in_before_the_batch_ends() =>
        Assert.Equal([4, 2, 6], new MicroRun().Execute(_ => new StaticPolicy(new(MaxBatch: 2, MaxSequenceTokens: 16)), FourTwoTwo).Ends);

    [Theory, InlineData(true, "0+2 2+0 2+0 2+0 0+1 1+0"), InlineData(false, "0+2 2+0 1+0 1+0 0+1 1+0")]
    public void Static_batching_pays_for_finished_members_only_when_it_pads(bool pads, string batches)
    {
        var cost = new DecodeCounter();
        new MicroRun { Cost = cost }.Execute(_ => new StaticPolicy(new(2, 16, pads)), FourTwoTwo);
        Assert.Equal(batches, string.Join(' ', cost.Seen));
    }

    [Fact]
    public void Orca_lets_a_newcomer_in_as_soon_as_a_place_is_free() =>
        Assert.Equal([4, 2, 4], new MicroRun().Execute(_ => new OrcaPolicy(new(2, 16)), FourTwoTwo).Ends);

    [Fact]
    public void Vllm_stalls_decodes_while_a_newcomer_prefills() =>
        Assert.Equal([5, 2, 4], new MicroRun().Execute(shape => new VllmPolicy(new(2), shape), FourTwoTwo).Ends);

    [Fact]
    public void Sarathi_prefills_a_newcomer_beside_the_decodes() =>
        Assert.Equal([4, 2, 4], new MicroRun().Execute(_ => new SarathiPolicy(new(16, 2)), FourTwoTwo).Ends);

    [Fact]
    public void Vllm_v1_prefills_a_newcomer_beside_the_decodes() =>
        Assert.Equal([4, 2, 4], new MicroRun().Execute(_ => new VllmV1Policy(new(16, 2)), FourTwoTwo).Ends);

    [Fact]
    public void Fcfs_prefills_a_newcomer_beside_the_decodes() =>
        Assert.Equal([4, 2, 4], new MicroRun().Execute(_ => new FcfsPolicy(new(2)), FourTwoTwo).Ends);

    [Theory, InlineData("vllm"), InlineData("vllm-v1")]
    public void Running_out_of_blocks_preempts_the_newest_once_and_prefills_it_again(string name)
    {
        var run = new MicroRun { Blocks = 7, BlockSize = 4, Watermark = 0 }.Execute(
            shape => name == "vllm" ? new VllmPolicy(new(), shape) : new VllmV1Policy(new()), Request(0, 8, 8), Request(0, 8, 8));

        Assert.Equal("0+16 2+0 2+0 2+0 2+0 1+0 1+0 1+0 0+13 1+0 1+0", run.Batches);
        Assert.Equal([8, 11], run.Ends);
        Assert.Equal((0, 1), (run[0].Preemptions, run[1].Preemptions));
        Assert.Equal(12, run[1].RecomputedTokens);    // the KV of the fifth output was still unwritten: 13 tokens prefill, 12 of them again
        Assert.Equal(1, run.Iterations[5].Preemptions);
    }

    [Fact]
    public void Sarathi_fills_the_budget_beside_decodes_and_never_passes_it()
    {
        var run = new MicroRun().Execute(_ => new SarathiPolicy(new(TokenBudget: 8)), Request(0, 1, 4), Request(0.5, 20, 1));
        Assert.Equal("0+1 1+7 1+7 1+6", run.Batches);
        Assert.Equal([4, 4], run.Ends);
    }

    [Fact]
    public void Vllm_v1_spends_one_budget_on_prefills_and_decodes()
    {
        var run = new MicroRun().Execute(_ => new VllmV1Policy(new(TokenBudget: 8)), Request(0, 10, 3), Request(0, 6, 3));
        Assert.Equal("0+8 0+8 2+0 2+0", run.Batches);
        Assert.Equal([4, 4], run.Ends);
    }

    [Fact]
    public void Shortest_first_lowers_the_mean_of_five_one_three()
    {
        RequestSpec[] trace = [Request(0, 1, 5), Request(0, 1, 1), Request(0, 1, 3)];
        Assert.Equal([5, 6, 9], new MicroRun().Execute(_ => new FcfsPolicy(new(1)), trace).Ends);
        Assert.Equal([9, 1, 4], new MicroRun().Execute(_ => new SjfPolicy(new(MaxSequences: 1), Oracle), trace).Ends);
        Assert.Equal([5, 9, 8], new MicroRun().Execute(_ => new ReversePolicy(new(1)), [Request(0, 1, 5), Request(1, 1, 1), Request(1, 1, 3)]).Ends);
    }

    [Fact]
    public void Srpt_interrupts_the_long_one_and_sjf_does_not()
    {
        RequestSpec[] trace = [Request(0, 1, 6), Request(1, 1, 2), Request(2, 1, 4)];
        var srpt = new MicroRun().Execute(_ => new SrptPolicy(new(MaxSequences: 1), Oracle), trace);
        Assert.Equal([12, 3, 7], srpt.Ends);
        Assert.Equal(0, srpt[0].Preemptions);    // it kept its KV while it paused
        Assert.Equal([6, 8, 12], new MicroRun().Execute(_ => new SjfPolicy(new(MaxSequences: 1), Oracle), trace).Ends);
    }

    [Theory, InlineData(PreemptMode.Recompute, 1), InlineData(PreemptMode.Swap, 0)]
    public void Srpt_takes_the_blocks_of_the_longer_one_when_it_must(PreemptMode mode, int recomputed)
    {
        var run = new MicroRun { Blocks = 8, HostBlocks = 8 }.Execute(_ => new SrptPolicy(new(MaxSequences: 1, Preemption: mode), Oracle),
            Request(0, 1, 8), Request(1, 7, 2));
        Assert.Equal([10, 3], run.Ends);
        Assert.Equal((1, recomputed), (run[0].Preemptions, (int)run[0].RecomputedTokens));
    }

    [Fact]
    public void Edf_meets_deadlines_that_fcfs_misses()
    {
        RequestSpec[] trace = [.. new[] { (4, 10), (3, 5), (2, 4) }.Select(job =>
            Request(0, 1, job.Item1, slo: new(SimDuration.FromSeconds(job.Item2), SimDuration.Zero)))];
        Assert.Equal([9, 5, 2], new MicroRun().Execute(shape => new EdfPolicy(new(MaxSequences: 1), shape), trace).Ends);
        Assert.Equal([9, 5, 2], new MicroRun().Execute(shape => new EdfPolicy(new(IsPreemptive: true, MaxSequences: 1), shape), trace).Ends);
        Assert.Equal([4, 7, 9], new MicroRun().Execute(_ => new FcfsPolicy(new(1)), trace).Ends);
    }

    [Fact]
    public void FastServe_joins_at_the_level_of_its_prefill_and_sinks_after_the_second_decode()
    {
        var levels = new List<int>();
        new MicroRun { Cost = new LinearCost(0.001, 0.005) }.Execute(
            shape => new Spy(new FastServePolicy(new(), shape), (policy, request) => levels.Add(((FastServePolicy)policy).LevelOf(request))), Request(0, 35, 5));
        Assert.Equal([2, 2, 2, 3, 3], levels);    // at the start, after the prefill, after decodes 1, 2 and 3
    }

    [Fact]
    public void Sglang_reserves_the_new_token_ratio_of_what_may_still_come() =>
        Assert.Equal(1400, SglangPolicy.ReservedTokens(1000, 0.7) + SglangPolicy.ReservedTokens(1000, 0.7));

    private sealed class DecodeCounter : ICostModel
    {
        public List<string> Seen { get; } = [];

        public CostModelInfo Info { get; } = new("counter", "test double", "none", []);

        public SimDuration IterationTime(in BatchShape shape)
        {
            Seen.Add($"{shape.DecodeSequences}+{shape.PrefillTokens}");
            return SimDuration.FromSeconds(1);
        }
    }

    /// <summary>Looks at the running request whenever a plan is made.</summary>
    private sealed class Spy(IBatchPolicy inner, Action<IBatchPolicy, RequestView> look) : IBatchPolicy
    {
        public void Plan(in InstanceView view, BatchPlan plan)
        {
            if (view.Waiting.TryFirst(out var request) || view.Running.TryFirst(out request)) look(inner, request);
            inner.Plan(view, plan);
        }

        public void OnArrived(in RequestView request) => inner.OnArrived(request);

        public void OnIterationEnd(in IterationView iteration) => inner.OnIterationEnd(iteration);
    }
}
