using ServeSim.Abstractions;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Goodput;
using ServeSim.Policies.Programs;
using ServeSim.Reporting.Metrics;
using static ServeSim.Tests.Policies.MicroRun;

namespace ServeSim.Tests.Policies;

/// <summary>The hand cases and rules of JITServe's specification.</summary>
public sealed class JitServeTests
{
    private static readonly SloLimits Chat = new(Ttft: SimDuration.FromSeconds(2), Tbt: SimDuration.FromMilliseconds(100));

    [Theory, InlineData(0.95, "0 2"), InlineData(0.99, "0 1")]
    public void Check_2_the_cutoff_decides_whether_equal_lengths_or_the_best_priorities_make_the_batch(double cutoff, string batch)
    {
        var gmax = new GroupedMargin();
        (double Priority, int Length)[] requests = [(100, 10), (96, 1000), (95, 12), (94, 14), (40, 11)];
        for (var i = 0; i < requests.Length; i++) gmax.Add(new(i, requests[i].Priority, requests[i].Length));
        Assert.Equal(batch, string.Join(' ', gmax.Select(2, cutoff).ToArray().Select(c => c.Id)));
        Assert.Equal(96, gmax.LastPlacePriority);
    }

    [Fact]
    public void Check_2_without_a_margin_the_batch_is_the_best_and_no_other_cutoff_is_worth_more()
    {
        var random = new RandomStream(1, "gmax");
        for (var round = 0; round < 200; round++)
        {
            var size = 1 + random.NextInt(6);
            var requests = Enumerable.Range(0, 1 + random.NextInt(20)).Select(i => new GroupCandidate(i, (100 * random.NextInt(50)) + i, random.NextInt(9))).ToArray();
            var best = requests.Select(r => r.Priority).OrderDescending().Take(size).Sum();
            foreach (var cutoff in (double[])[1, 0.95, 0.5, 0.01])
            {
                var gmax = new GroupedMargin();
                foreach (var request in requests) gmax.Add(request);
                var batch = gmax.Select(size, cutoff).ToArray();
                Assert.True(batch.Length == Math.Min(size, requests.Length) && batch.Distinct().Count() == batch.Length);
                var sum = batch.Sum(b => b.Priority);
                Assert.True(cutoff == 1 ? sum == best : sum <= best);
            }
        }
    }

    [Fact]
    public void Check_4_the_artifacts_reward_falls_with_the_power_of_the_penalty()
    {
        var request = new ArtifactRequest(SloKind.Deadline, 100, 50, 0, DeadlineSeconds: 10, TtftSeconds: 1, WaitedSeconds: 0);
        var fresh = ArtifactDensity.Of([request], 0.02, 1);
        Assert.Equal((500.0, 1.0, 500.0), (fresh.Reward, fresh.RemainSeconds, fresh.Density));
        var late = request with { WaitedSeconds = 19 };
        Assert.Equal(250, ArtifactDensity.Of([late], 0.02, 1).Reward, 1e-9);
        Assert.Equal(3.9e-28, ArtifactDensity.Of([late], 0.02, 100).Reward, 0.1e-28);
    }

    [Fact]
    public void Check_5_a_matched_tasks_times_split_the_deadline_over_the_stages()
    {
        var finished = new PatternGraph([[new(1, 1)], [new(1, 1)], [new(1, 1)]], 0.2, 0.6, 0.2);
        Assert.Equal([12.0, 48, 60], Enumerable.Range(0, 3).Select(stage =>
            Math.Round(finished.SubDeadline(SimTime.Zero, SimDuration.FromSeconds(60), stage).Seconds, 6)));
    }

    [Fact]
    public void A_latency_request_needs_the_pace_of_a_frame_and_is_worth_the_tokens_that_will_be_on_time()
    {
        // 50 iterations of 20 ms at 100 ms a token: ten tokens. The prompt counts while the first token can be on time.
        var waiting = new FrameRequest(SloKind.Latency, 100, 0, 400, NextDueSeconds: 2, PaceSeconds: 0.1, LeftSeconds: double.PositiveInfinity);
        Assert.Equal(new(10, 180 / 0.2, 180), Share(waiting));
        Assert.Equal(new(10, 80 / 0.2, 80), Share(waiting with { GeneratedTokens = 30 }));
        Assert.Equal(new(3, 24 / 0.06, 24), Share(waiting with { GeneratedTokens = 397 }));
        // 0.5 s late it gains 80 ms a token: k + 1 tokens take 20(k + 1) ms and are due at -500 + 100 k ms, from k = 7 on.
        Assert.Equal(new(10, 24 / 0.2, 24), Share(waiting with { NextDueSeconds = -0.5 }));
        Assert.Equal(0, Share(waiting with { NextDueSeconds = -9 }).Priority);
    }

    [Fact]
    public void A_deadline_request_is_worth_everything_while_it_can_make_it_and_nothing_after()
    {
        var report = new FrameRequest(SloKind.Deadline, 100, 0, 200, double.PositiveInfinity, double.PositiveInfinity, LeftSeconds: 8);
        Assert.Equal(new(25, 1700 / 4.0, 1700 / 8.0), Share(report));    // an eighth of 200 tokens in a frame of 1 s
        Assert.Equal(new(200, 0, 0), Share(report with { LeftSeconds = 0.5 }));
        Assert.Equal(0, Share(report with { LeftSeconds = -3 }).Priority);
        Assert.Equal(0, Share(report with { Kind = SloKind.BestEffort }).Priority);
    }

    [Fact]
    public void The_cutoff_moves_to_the_value_that_earned_most()
    {
        var bandit = new CutoffBandit(0.95, new(1, "bandit"));
        Assert.Equal(0.95, bandit.Cutoff);
        var late = 0;
        for (var frame = 0; frame < 20_000; frame++)
        {
            if (frame >= 10_000 && bandit.Cutoff == 0.8) late++;
            bandit.Add(bandit.Cutoff == 0.8 ? 2 : 1, 1);
        }

        Assert.InRange(late, 8_500, 9_900);    // a tenth of the trials explores
    }

    [Fact]
    public void A_frame_earns_the_tokens_that_came_out_on_time_and_the_prompt_of_a_first_token_on_time()
    {
        var table = new RequestTable();
        var (prompt, late) = (Show(0, 1.5, 3, 2), Show(1, 2.5, 4, 1));
        var pace = new FramePace();
        pace.StartFrame(SimTime.Zero, []);
        Assert.Equal((103.0, 5.0), pace.StartFrame(SimTime.FromSeconds(5), [prompt, late]));
        (table[prompt.Row].Generated, table[prompt.Row].OnTimeTokens) = (5, 3);
        Assert.Equal((1.0, 2.0), pace.StartFrame(SimTime.FromSeconds(7), [prompt, late]));
        Assert.Equal((0.0, 1.0), pace.StartFrame(SimTime.FromSeconds(8), [prompt, late]));

        RequestView Show(long number, double firstToken, int generated, int onTime)
        {
            var row = table.Add(number, Request(0, 100, 20, slo: Chat));
            (table[row].FirstTokenAt, table[row].Generated, table[row].OnTimeTokens) = (SimTime.FromSeconds(firstToken), generated, onTime);
            return new RequestView(table, row);
        }
    }

    [Fact]
    public void Who_has_had_enough_for_the_frame_lends_its_slot_and_keeps_its_kv()
    {
        // One slot, iterations of 20 ms: both need ten tokens in a frame of fifty, and both run in the first.
        var run = Jit(new MicroRun { Cost = new UnitCost(seconds: 0.02) }, new(JitMode.Jit, MaxSequences: 1, AdaptCutoff: false), Request(0, 4, 40, slo: Chat), Request(0, 4, 40, slo: Chat));
        Assert.Equal((0, 0), (run[0].Preemptions, run[1].Preemptions));
        Assert.InRange(run[1].FirstToken!.Value.Seconds, 0.2, 0.3);
        var frame = Jit(new MicroRun { Cost = new UnitCost(seconds: 0.02) }, new(JitMode.Frame, MaxSequences: 1, AdaptCutoff: false), Request(0, 4, 40, slo: Chat), Request(0, 4, 40, slo: Chat));
        Assert.True(frame[1].FirstToken > frame[0].Finished);
        Assert.All(run.Iterations, i => Assert.Equal(1, i.DecodeSequences + i.PrefillSequences));
    }

    [Fact]
    public void Without_others_who_has_had_enough_goes_on() =>
        Assert.Equal(40, Jit(new MicroRun(), new(JitMode.Jit, MaxSequences: 1), Request(0, 4, 40, slo: Chat)).End(0));

    [Fact]
    public void Who_waits_too_long_without_running_is_refused_and_counts_nowhere()
    {
        SloLimits tight = new(E2e: SimDuration.FromSeconds(500));
        var run = Jit(new MicroRun(), new(JitMode.Frame, FrameIterations: 2, MaxSequences: 1, MaxWaitSeconds: 9), Request(0, 2, 30, slo: tight), Request(0, 2, 30));
        Assert.Equal((RequestOutcome.Finished, RequestOutcome.Rejected), (run[0].Outcome, run[1].Outcome));
        Assert.Equal("waited too long without being scheduled", run[1].Reason);
        Assert.Equal(default, GoodputRule.Of(run[1]));
    }

    [Fact]
    public void Fairness_brings_in_who_has_waited_longest()
    {
        // Best effort is worth nothing; only the time waited can bring it in before the last of the stream of others.
        RequestSpec[] trace = [Request(0, 2, 2), .. Enumerable.Range(0, 20).Select(i => Request(0, 2, 4, slo: Chat with { Ttft = SimDuration.FromSeconds(999) }))];
        JitServeOptions options = new(JitMode.Frame, FrameIterations: 2, MaxSequences: 1, AdaptCutoff: false);
        Assert.True(Jit(new MicroRun(), options, trace).End(0) > 80);
        Assert.True(Jit(new MicroRun(), options with { Fairness = 1 }, trace).End(0) < 20);
    }

    [Fact]
    public void Check_8_stalls_cost_what_the_engine_charges_and_no_batch_exceeds_the_cap()
    {
        RequestSpec[] trace = [.. Enumerable.Range(0, 60).Select(i => Request(0.1 * i, 50, 20 + (i * 7 % 50), slo: i % 2 == 0 ? Chat : new(E2e: SimDuration.FromSeconds(4 + (i % 5)))))];
        var run = Jit(
            new MicroRun { Cost = new UnitCost(seconds: 0.02), Blocks = 600, HostBlocks = 5000, BytesPerBlock = 1000, HostLinkBytesPerSecond = 1e7 },
            new(MaxSequences: 5, FrameIterations: 10, AdaptCutoff: false), trace);
        Assert.True(run.Iterations.Sum(i => i.Preemptions) > 0 && run.Iterations.Sum(i => i.SwappedBytes) > 0);
        Assert.All(run.Iterations, i => Assert.True(i.DecodeSequences + i.PrefillSequences <= 5));
        Assert.All(run.Iterations, i => Assert.Equal(0.02 + (i.SwappedBytes / 1e7), (i.End - i.Start).Seconds, 1e-9));
        Assert.Equal(run.Iterations.Sum(i => i.Preemptions), Enumerable.Range(0, 60).Sum(i => run[i].Preemptions));
    }

    [Fact]
    public void Check_8_without_room_on_the_host_a_stall_is_the_prompt_and_the_tokens_computed_again()
    {
        RequestSpec[] trace = [.. Enumerable.Range(0, 60).Select(i => Request(0.1 * i, 50, 20 + (i * 7 % 50), slo: i % 2 == 0 ? Chat : new(E2e: SimDuration.FromSeconds(4 + (i % 5)))))];
        var run = Jit(
            new MicroRun { Cost = new UnitCost(seconds: 0.02), Blocks = 600, HostBlocks = 0, BytesPerBlock = 1000, HostLinkBytesPerSecond = 1e7 },
            new(MaxSequences: 5, FrameIterations: 10, AdaptCutoff: false), trace);
        Assert.True(run.Iterations.Sum(i => i.Preemptions) > 0);
        Assert.All(run.Iterations, i => Assert.Equal((0, 0.02), (i.SwappedBytes, Math.Round((i.End - i.Start).Seconds, 9))));

        // Every token is computed once, and what a preemption dropped once more.
        var again = Enumerable.Range(0, 60).Sum(i => run[i].RecomputedTokens);
        Assert.True(again > 0);
        Assert.Equal(
            Enumerable.Range(0, 60).Sum(i => trace[i].InputTokens + trace[i].OutputTokens - 1L) + again,
            run.Iterations.Sum(i => (long)i.PrefillTokens + i.DecodeSequences));
    }

    [Fact]
    public void Attained_service_lets_newcomers_in_once_others_have_had_a_quantum()
    {
        var run = new MicroRun().Execute(_ => new AttainedServicePolicy(new(QuantumTokens: 10, MaxSequences: 1)), Request(0, 5, 30), Request(1, 5, 3));
        Assert.Equal([33, 9], run.Ends);    // five tokens of prompt and five decodes, then the newcomer
    }

    private static FrameShare Share(FrameRequest request) => FrameShare.Of(request, tokenSeconds: 0.02, frameSeconds: 1, inputWeight: 1, outputWeight: 8);

    private static MicroRun Jit(MicroRun run, JitServeOptions options, params RequestSpec[] trace) =>
        run.Execute(shape => new JitServePolicy(options, Oracle, shape, new(1, "policy")), trace);
}
