using ServeSim.Abstractions;
using ServeSim.Reporting;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Tests.Reporting;

public sealed class RunMetricsTests
{
    [Fact]
    public void Without_samples_ours_are_null_and_the_benchmark_fields_zero()
    {
        using var json = WorkedExampleTests.Json(new RunScript().Add(0, 10).Measure());
        var root = json.RootElement;
        Assert.Equal(0, root.GetProperty("mean_ttft_ms").GetDouble());
        Assert.Equal(0, root.GetProperty("p99_itl_ms").GetDouble());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, root.GetProperty("request_goodput").ValueKind);
        var ours = root.GetProperty("servesim");
        Assert.Equal(System.Text.Json.JsonValueKind.Null, ours.GetProperty("latency_ms").GetProperty("ttft").GetProperty("mean").ValueKind);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, ours.GetProperty("slo").GetProperty("attainment").ValueKind);
        Assert.Equal(1, ours.GetProperty("requests").GetProperty("rejected_by_reason").GetProperty("too long").GetInt32());
    }

    [Fact]
    public void A_stopped_run_is_marked_as_partial()
    {
        using var json = WorkedExampleTests.Json(RunScript.WorkedExample().Measure(), isPartial: true);
        Assert.True(json.RootElement.GetProperty("partial").GetBoolean());
    }

    [Fact]
    public void One_token_outputs_have_no_tpot_and_meet_its_limit()
    {
        var summary = new RunScript { Slo = new(Tpot: new SimDuration(1)) }.Add(0, 10, 0.5).Add(0, 10, 0.5, 0.6).Measure();
        Assert.Equal(1, summary.Tpot.Count);
        Assert.Equal(1, summary.Slo!.Good);
        Assert.Equal(1, summary.Slo.OneTokenOutputsUnderTpotLimit);
    }

    [Fact]
    public void Departures_go_before_arrivals_of_the_same_instant()
    {
        var summary = new RunScript().Add(0, 1, 1.0).Add(0, 1, 2.0).Add(1, 1, 3.0).Measure();
        Assert.Equal(2, summary.Throughput.MaxConcurrentRequests);
    }

    [Fact]
    public void A_request_refused_on_arrival_is_never_in_the_system()
    {
        var summary = new RunScript().Add(0, 1, 1.0).Add(0.5, 1).Measure();
        Assert.Equal(1, summary.Throughput.MaxConcurrentRequests);
    }

    [Fact]
    public void The_best_second_counts_from_the_first_arrival()
    {
        // Tokens at 10.9, 11.0 and 11.1 s share the second from 10.5 s on, though not a second of the clock.
        var summary = new RunScript().Add(10.5, 1, 10.9, 11.0, 11.1, 11.6).Measure();
        Assert.Equal(3, summary.Throughput.MaxOutputTokensPerSecond);
    }

    [Theory, InlineData(1, 0), InlineData(0, 0.25)]
    public void Requests_of_the_warm_up_are_simulated_but_not_measured(int requests, double seconds)
    {
        var summary = new RunScript().Add(0, 100, 0.2, 5.0).Add(0.5, 10, 1.0).Add(0.7, 10, 1.5)
            .Measure(new MetricsOptions { WarmupRequests = requests, WarmupTime = SimDuration.FromSeconds(seconds) });
        Assert.Equal(3, summary.Requests.Simulated);
        Assert.Equal(2, summary.Requests.Measured);
        Assert.Equal(20, summary.Tokens.Input);
        Assert.Equal(1.0, summary.Window.DurationSeconds, 12);
        Assert.Equal(2, summary.Ttft.Count);
    }

    [Fact]
    public void Gaps_and_iterations_before_the_first_measured_arrival_do_not_count()
    {
        var summary = new RunScript().Add(0, 100, 0.1, 0.2, 0.3, 0.5, 2.0).Add(0.5, 10, 1.0, 1.25)
            .Measure(new MetricsOptions { WarmupRequests = 1 });
        Assert.Equal(2, summary.Tbt.Count);
        Assert.Equal(1500, summary.Tbt.MaxMilliseconds);
        Assert.Equal(3, summary.Iterations.Count);
        Assert.Equal(2, summary.Throughput.MaxOutputTokensPerSecond);
    }

    [Fact]
    public void An_unfinished_request_lowers_attainment_and_has_no_latency()
    {
        var metrics = new RunMetrics(new MetricsOptions());
        var slo = new SloLimits(Ttft: SimDuration.FromSeconds(1));
        metrics.OnArrived(SimTime.Zero, 1, 1);
        metrics.OnArrived(SimTime.Zero, 1, 2);
        metrics.OnRequestEnded(Finished(0) with { Slo = slo });
        metrics.OnRequestEnded(RequestsCsvWriterTests.Record(1) with { Slo = slo, FirstToken = new SimTime(5), GeneratedTokens = 2, CachedTokens = 4 });
        var summary = metrics.Summarize();
        Assert.Equal(1, summary.Requests.Unfinished);
        Assert.Equal(1, summary.Requests.Failed);
        Assert.Equal(0.5, summary.Slo!.Attainment);
        Assert.Equal(1, summary.Slo.AttainmentOfFinished);
        Assert.Equal(1, summary.Ttft.Count);
        Assert.Equal(4, summary.Tokens.Output);
        Assert.Equal(68, summary.Tokens.Cached);
    }

    [Fact]
    public void A_record_gives_its_queue_delay_normalised_latency_and_counts()
    {
        var metrics = new RunMetrics(new MetricsOptions());
        metrics.OnArrived(SimTime.Zero, 3, 1);
        metrics.OnRequestEnded(Finished(0));
        var summary = metrics.Summarize();
        Assert.Equal(200, summary.QueueDelay.MeanMilliseconds);
        Assert.Equal(300, summary.NormalizedLatency.MeanMilliseconds);
        Assert.Equal(2, summary.Requests.Preemptions);
        Assert.Equal(99, summary.Tokens.Recomputed);
        Assert.Equal(64, summary.Tokens.Cached);
        Assert.Equal(3, summary.Iterations.MaxWaitingRequests);
    }

    [Fact]
    public void Requests_in_are_finished_rejected_and_unfinished()
    {
        var requests = RunScript.WorkedExample().Measure().Requests;
        Assert.Equal(requests.Simulated, requests.Finished + requests.Rejected + requests.Unfinished);
        Assert.Equal(requests.Rejected, requests.RejectedByReason.Sum(one => one.Value));
    }

    [Fact]
    public void Overlapping_iterations_of_one_instance_are_busy_once()
    {
        var metrics = new RunMetrics(new MetricsOptions { Instances = 2, TotalBlocks = 100 });
        metrics.OnArrived(SimTime.Zero, 1, 1);
        metrics.OnIteration(RunScript.Iteration(SimTime.FromSeconds(0.6), 4, milliseconds: 600, usedBlocks: 50));
        metrics.OnIteration(RunScript.Iteration(SimTime.FromSeconds(0.8), 2, milliseconds: 600, usedBlocks: 90));
        metrics.OnIteration(RunScript.Iteration(SimTime.FromSeconds(1.0), 3, milliseconds: 200, usedBlocks: 10, instance: 1));
        var iterations = metrics.Summarize().Iterations;
        Assert.Equal(0.5, iterations.BusyShare!.Value, 12);
        Assert.Equal(((0.6 * 0.5) + (0.2 * 0.9) + (0.2 * 0.1)) / 1.0, iterations.MeanKvShare!.Value, 12);
        Assert.Equal(0.9, iterations.MaxKvShare);
        Assert.Equal(3, iterations.MeanSequences);
        Assert.Equal(1, iterations.DecodeShare);
    }

    [Theory, InlineData(1.3, true), InlineData(1.15, true), InlineData(0.5, false), InlineData(0.8, false)]
    public void A_queue_is_overloaded_when_more_comes_than_goes(double load, bool expected)
    {
        var wrong = 0;
        for (var run = 1; run <= 40; run++)
        {
            if (SingleServer(load, (ulong)run, 4000).Overload.IsOverloaded != expected) wrong++;
        }

        Assert.True(wrong <= 1, $"{wrong} of 40 runs at load {load} were misjudged");
    }

    [Fact]
    public void A_queue_that_fills_and_then_stays_is_not_overloaded()
    {
        var metrics = new RunMetrics(new MetricsOptions());
        var stream = new RandomStream(1, "plateau");
        for (var i = 0; i < 5000; i++) metrics.OnArrived(SimTime.FromSeconds(i), (int)(Math.Min(i, 1000) + (stream.NextExponential() * 20)), i + 1);
        Assert.False(metrics.Summarize().Overload.IsOverloaded);
    }

    [Fact]
    public void A_straight_queue_gives_its_slope()
    {
        var metrics = new RunMetrics(new MetricsOptions());
        for (var i = 0; i < 10_000; i++) metrics.OnArrived(SimTime.FromSeconds(i / 10.0), i / 5, i + 1);
        var overload = metrics.Summarize().Overload;
        Assert.True(overload.IsOverloaded);
        Assert.Equal(2, overload.SlopePerSecond!.Value, 0.01);
        Assert.InRange(2, overload.LowerPerSecond!.Value - 0.01, overload.UpperPerSecond!.Value + 0.01);
    }

    [Fact]
    public void Every_observer_sees_every_call_and_nothing_is_allocated()
    {
        var (first, second) = (new CountingObserver(), new CountingObserver());
        var all = new CompositeObserver(first, second);
        var iteration = RunScript.Iteration(SimTime.Zero, 1);
        all.OnIteration(iteration);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            all.OnArrived(SimTime.Zero, 1, 1);
            all.OnIteration(iteration);
            all.OnTokenGaps(SimDuration.Zero, 1);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(301, first.Calls);
        Assert.Equal(301, second.Calls);
    }

    private static RequestRecord Finished(long number) => RequestsCsvWriterTests.Record(number) with
    {
        Outcome = RequestOutcome.Finished,
        GeneratedTokens = 4,
        Scheduled = SimTime.FromSeconds(0.2),
        FirstToken = SimTime.FromSeconds(0.6),
        Finished = SimTime.FromSeconds(1.2),
        Preemptions = 2,
        RecomputedTokens = 99,
        CachedTokens = 64,
    };

    /// <summary>Poisson arrivals at one server with exponential service of mean one second.</summary>
    private static RunSummary SingleServer(double load, ulong seed, int requests)
    {
        var metrics = new RunMetrics(new MetricsOptions());
        var stream = new RandomStream(seed, "single-server");
        var ends = new Queue<double>();
        double now = 0, free = 0;
        for (var i = 0; i < requests; i++)
        {
            now += stream.NextExponential() / load;
            while (ends.TryPeek(out var end) && end <= now) ends.Dequeue();
            free = Math.Max(free, now) + stream.NextExponential();
            ends.Enqueue(free);
            metrics.OnArrived(SimTime.FromSeconds(now), ends.Count, ends.Count);
        }

        return metrics.Summarize();
    }

    private sealed class CountingObserver : IRunObserver
    {
        public int Calls { get; private set; }
        public void OnArrived(SimTime time, int waitingRequests, int requestsInSystem) => Calls++;
        public void OnIteration(in IterationRecord iteration) => Calls++;
        public void OnTokenGaps(SimDuration gap, long count) => Calls++;
    }
}
