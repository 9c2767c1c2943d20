using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Policies.Batching;
using ServeSim.Reporting.Metrics;
using ServeSim.Tests.Policies;

namespace ServeSim.Tests.Reporting;

/// <summary>Goodput by class: JITServe's definitions, by hand and by vectors.</summary>
public sealed class GoodputTests
{
    private static readonly SloLimits Chat = new(Ttft: SimDuration.FromSeconds(1), Tbt: SimDuration.FromMilliseconds(100));

    [Fact]
    public void Check_3_late_tokens_do_not_count_and_do_not_poison_the_schedule()
    {
        var run = new MicroRun { Cost = new ScriptedCost() }.Execute(_ => new FcfsPolicy(new()), MicroRun.Request(0, 4, 4, slo: Chat));
        var record = run[0];
        Assert.Equal([0.9, 1.31], [record.FirstToken!.Value.Seconds, record.Finished!.Value.Seconds]);
        Assert.Equal(new GoodputShare(false, 4, 2), GoodputRule.Of(record));
    }

    [Fact]
    public void A_token_that_catches_up_counts_again()
    {
        var run = new MicroRun { Cost = new ScriptedCost() }.Execute(_ => new FcfsPolicy(new()), MicroRun.Request(0, 4, 6, slo: Chat));
        Assert.Equal(new GoodputShare(false, 4, 4), GoodputRule.Of(run[0]));    // 1.32 <= 1.4 and 1.33 <= 1.5
    }

    [Theory, InlineData(1_310, 8), InlineData(1_309, 0)]
    public void A_deadline_counts_everything_or_nothing(int limitMilliseconds, int tokens)
    {
        var run = new MicroRun { Cost = new ScriptedCost() }
            .Execute(_ => new FcfsPolicy(new()), MicroRun.Request(0, 4, 4, slo: new(E2e: SimDuration.FromMilliseconds(limitMilliseconds))));
        Assert.Equal(SloKind.Deadline, run[0].SloKind);
        Assert.Equal(tokens, GoodputRule.Of(run[0]).Tokens);
        Assert.Equal(tokens > 0, GoodputRule.Of(run[0]).IsGood);
    }

    [Fact]
    public void The_tpot_limit_is_the_pace_where_there_is_no_tbt_limit_and_without_either_only_the_first_token_is_checked()
    {
        var paced = new MicroRun { Cost = new ScriptedCost() }.Execute(_ => new FcfsPolicy(new()),
            MicroRun.Request(0, 4, 4, slo: new(Ttft: Chat.Ttft, Tpot: Chat.Tbt)));
        Assert.Equal(2, paced[0].OnTimeTokens);
        var free = new MicroRun { Cost = new ScriptedCost() }.Execute(_ => new FcfsPolicy(new()), MicroRun.Request(0, 4, 4, slo: new(Ttft: Chat.Ttft)));
        Assert.Equal(4, free[0].OnTimeTokens);
    }

    [Fact]
    public void What_is_refused_never_counts_and_what_is_cut_off_counts_only_what_came_in_time()
    {
        var record = Record(SloKind.Latency, Chat, 10, 0.5, [0.05, 0.05]);
        Assert.Equal(new GoodputShare(true, 10, 3), GoodputRule.Of(record));
        Assert.Equal(new GoodputShare(false, 10, 3), GoodputRule.Of(record with { Outcome = RequestOutcome.Unfinished, Finished = null }));
        Assert.Equal(default, GoodputRule.Of(record with { Outcome = RequestOutcome.Unfinished, Finished = null }, GoodputMode.Artifact));
        Assert.Equal(default, GoodputRule.Of(record with { Outcome = RequestOutcome.Rejected, Finished = null }));
        Assert.Equal(default, GoodputRule.Of(record with { SloKind = SloKind.Deadline, Slo = new(E2e: SimDuration.FromSeconds(9)), Outcome = RequestOutcome.Unfinished, Finished = null }));
        Assert.Equal(default, GoodputRule.Of(record with { SloKind = SloKind.BestEffort, Slo = SloLimits.None }));
    }

    /// <summary>Compound cases count like deadlines once their task's end is known; they need programs and are judged by the given end.</summary>
    [SkippableFact]
    public void Check_1_the_metric_cases_of_the_artifact_are_reproduced()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(SharedFiles.Path("reference", "jitserve_golden.json")));
        var cases = json.RootElement.GetProperty("goodput_metric_cases").GetProperty("cases").EnumerateArray().ToArray();
        Assert.Equal(12, cases.Length);
        foreach (var one in cases)
        {
            var kind = one.GetProperty("type").GetString();
            var limits = one.GetProperty("base_slo_ttft_tbt_ttlt_s").EnumerateArray().Select(x => SimDuration.FromSeconds(x.GetDouble())).ToArray();
            var slo = new SloLimits(Ttft: limits[0], Tbt: limits[1], E2e: limits[2]).Times(1 + one.GetProperty("tier").GetInt64());
            var ended = one.GetProperty("finished_before_task_deadline").GetBoolean();
            if (kind == "compound") slo = slo with { E2e = SimDuration.FromSeconds(ended ? 1e6 : 0) };
            var record = Record(kind == "latency" ? SloKind.Latency : SloKind.Deadline, slo, one.GetProperty("input_len").GetInt32(),
                one.GetProperty("ttft_s").GetDouble(), [.. one.GetProperty("tbt_s").EnumerateArray().Select(x => x.GetDouble())]);
            var share = GoodputRule.Of(record, GoodputMode.Artifact);
            var expected = one.GetProperty("expect");
            var name = one.GetProperty("case").GetString()!;
            Assert.True(one.GetProperty("output_len").GetInt32() == record.GeneratedTokens, name);
            Assert.True(expected.GetProperty("meets_ttft").GetBoolean() == (record.Ttft <= slo.Ttft), name);
            Assert.True(expected.GetProperty("meets_tbt").GetBoolean() == (record.MaxTbt <= slo.Tbt), name);
            Assert.True(expected.GetProperty("meets_ttlt_or_task_deadline").GetBoolean() == (record.E2e <= slo.E2e), name);
            Assert.True(expected.GetProperty("tokens_on_time").GetInt32() == record.OnTimeTokens - (record.Ttft <= slo.Ttft ? 1 : 0), name);
            Assert.True((expected.GetProperty("request_goodput").GetInt32() == 1) == share.IsGood, name);
            Assert.True(expected.GetProperty("prefill_tokens_counted").GetInt64() == share.InputTokens, name);
            Assert.True(expected.GetProperty("decode_tokens_counted").GetInt64() == share.OutputTokens, name);
            Assert.True(expected.GetProperty("weighted_token_goodput_1_8").GetInt64() == share.Weighted, name);
        }
    }

    [Fact]
    public void Classes_are_summed_apart_and_windows_by_completion_time()
    {
        RequestRecord[] records =
        [
            Record(SloKind.Latency, Chat, 10, 0.5, [0.05]) with { SloClass = "chat" },
            Record(SloKind.Latency, Chat, 20, 1.5, [0.05]) with { Number = 1, SloClass = "chat" },
            Record(SloKind.Deadline, new(E2e: SimDuration.FromSeconds(100)), 30, 70, [0.1]) with { Number = 2, SloClass = "report" },
        ];
        var summary = Summary(records);
        Assert.Equal(["chat", "report"], summary.Classes.Select(c => c.Name));
        Assert.Equal([(2L, 1L, 12L), (1L, 1L, 32L)], summary.Classes.Select(c => (c.Requests, c.Good, c.InputTokens + c.OutputTokens)));
        Assert.Equal([new(2, 1, 12, 26), new(1, 1, 32, 46)], summary.Windows);
        Assert.Equal(44, summary.All.TokensPerSecond!.Value * 70.1, 1e-9);
        Assert.Equal(1000, summary.Classes[0].Latencies!.Ttft.MeanMilliseconds);
    }

    [Fact]
    public void Without_a_promise_there_is_no_goodput_section()
    {
        var metrics = new RunMetrics(new());
        metrics.OnArrived(SimTime.Zero, 1, 1);
        metrics.OnRequestEnded(Record(SloKind.BestEffort, SloLimits.None, 1, 1, [1]));
        Assert.Null(metrics.Summarize().Goodput);
    }

    private static GoodputSummary Summary(RequestRecord[] records)
    {
        var metrics = new RunMetrics(new());
        for (var i = 0; i < records.Length; i++) metrics.OnArrived(SimTime.Zero, 1, 1);
        foreach (var record in records) metrics.OnRequestEnded(record);
        return metrics.Summarize().Goodput!;
    }

    private static RequestRecord Record(SloKind kind, SloLimits slo, int input, double ttft, double[] gaps)
    {
        var first = SimTime.FromSeconds(ttft);
        var (time, onTime) = (first, slo.Ttft is not { } limit || first <= SimTime.Zero + limit ? 1 : 0);
        for (var i = 0; i < gaps.Length; i++)
        {
            time += SimDuration.FromSeconds(gaps[i]);
            if (slo.Ttft is not { } due || slo.Pace is not { } pace || time <= SimTime.Zero + due + (pace * (i + 1))) onTime++;
        }

        return new()
        {
            Number = 0, Id = null, Outcome = RequestOutcome.Finished, Arrival = SimTime.Zero, InputTokens = input, OutputTokens = gaps.Length + 1,
            GeneratedTokens = gaps.Length + 1, Instance = 0, Scheduled = SimTime.Zero, FirstToken = first, Finished = time, Ended = time,
            MaxTbt = gaps.Length == 0 ? SimDuration.Zero : SimDuration.FromSeconds(gaps.Max()), OnTimeTokens = onTime, SloKind = kind, Slo = slo,
        };
    }

    /// <summary>Tokens of a prompt of four at 0.9, 1.05, 1.30, 1.31 s and every 10 ms after.</summary>
    private sealed class ScriptedCost : ICostModel
    {
        public CostModelInfo Info { get; } = new("script", "test double", "none: it is a definition", []);

        public SimDuration IterationTime(in BatchShape shape) => SimDuration.FromSeconds(
            shape.PrefillTokens > 0 ? 0.9 : shape.DecodeContextTokens switch { 4 => 0.15, 5 => 0.25, _ => 0.01 });
    }
}
