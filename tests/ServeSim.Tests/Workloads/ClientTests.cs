using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting.Metrics;
using ServeSim.Workloads;
using ServeSim.Workloads.Synthetic;

namespace ServeSim.Tests.Workloads;

/// <summary>Clients that wait for answers, lose patience, and try again.</summary>
public sealed class ClientTests
{
    private static readonly RequestSpec[] Row = [.. Enumerable.Range(1, 3).Select(i => new RequestSpec { Arrival = SimTime.Zero, InputTokens = 10 * i, OutputTokens = i })];

    [Theory]
    [InlineData(ClientRetry.AtOnce, "10 10#2 20 30")]
    [InlineData(ClientRetry.AtEnd, "10 20 30 10#2")]
    public void A_request_that_failed_is_sent_again_at_once_or_after_all_others(ClientRetry retry, string expected)
    {
        using var source = new ClosedLoopTrafficSource(new ClientLoad(1, Attempts: 2, Retry: retry), Row);
        var sent = new List<string>();
        for (var number = 0; source.NextArrival != SimTime.Never; number++)
        {
            var spec = source.Take();
            sent.Add($"{spec.InputTokens}{(spec.Id is { } id ? id[id.IndexOf('#', StringComparison.Ordinal)..] : "")}");
            source.OnEnded(Ended(number, number == 0 ? RequestOutcome.Aborted : RequestOutcome.Finished), number == 0 ? RequestState.Aborted : RequestState.Finished, spec.Arrival);
        }

        Assert.Equal(expected, string.Join(' ', sent));
        Assert.Equal((3L, 1L, 0L), (source.Started, source.Retries, source.Failed));
    }

    [Fact]
    public void A_request_that_always_misses_its_limits_is_given_up_after_the_last_attempt_and_a_refused_one_at_once()
    {
        using var source = new ClosedLoopTrafficSource(new ClientLoad(1, 2, Attempts: 3), Row);
        for (var number = 0; number < 3; number++) End(number, RequestState.Finished, Ended(number, RequestOutcome.Finished, e2eSeconds: 5));
        Assert.Equal((1L, 2L, 1L), (source.Started - 1, source.Retries, source.Failed));
        End(3, RequestState.Rejected, Ended(3, RequestOutcome.Rejected));
        Assert.Equal((SimTime.Never, 2L, 1L), (source.NextArrival, source.Retries, source.Failed));

        void End(int number, RequestState state, RequestRecord record)
        {
            var spec = source.Take();
            source.OnEnded(record, state, spec.Arrival + SimDuration.FromSeconds(5));
        }
    }

    [Fact]
    public void Clients_think_between_requests_and_stop_at_the_end_of_their_time()
    {
        using var source = new ClosedLoopTrafficSource(new ClientLoad(1, Duration: SimDuration.FromSeconds(10), ThinkTime: SimDuration.FromSeconds(4)), Row);
        source.Take();
        source.OnEnded(Ended(0, RequestOutcome.Finished), RequestState.Finished, SimTime.FromSeconds(1));
        Assert.Equal(SimTime.FromSeconds(5), source.NextArrival);
        source.Take();
        source.OnEnded(Ended(1, RequestOutcome.Finished), RequestState.Finished, SimTime.FromSeconds(6));
        Assert.Equal(SimTime.Never, source.NextArrival);
    }

    [Fact]
    public void Drawn_lengths_have_the_moments_that_they_are_named_by()
    {
        var drawn = LengthPair.Parse("sharegpt-o1-like").Requests(1).Take(100_000).ToList();
        Assert.Equal(380.6, drawn.Average(r => r.InputTokens), 8.0);
        Assert.Equal(2160.1, drawn.Average(r => r.OutputTokens), 15.0);
        Assert.Equal(209, drawn.Select(r => r.InputTokens).Order().ElementAt(50_000), 4.0);
        Assert.Equal(1954, drawn.Select(r => r.OutputTokens).Order().ElementAt(50_000), 15.0);
        var uniform = LengthPair.Parse("uniform:3..5/constant:7").Requests(1).Take(1000).ToList();
        Assert.Equal([3, 4, 5], uniform.Select(r => r.InputTokens).Distinct().Order());
        Assert.All(uniform, r => Assert.Equal(7, r.OutputTokens));
        Assert.All(LengthPair.Parse("constant:1/constant:70").Requests(1, maxOutput: 40).Take(3), r => Assert.Equal((40, 40), (r.OutputTokens, r.MaxOutputTokens)));
    }

    [Theory]
    [InlineData("uniform:5..3/constant:1", "empty"), InlineData("lognormal:10,5/constant:1", "below its median"), InlineData("uniform:1..2", "INPUT/OUTPUT")]
    [InlineData("constant:0/constant:1", "from 1"), InlineData("zipf:1/constant:1", "not known"), InlineData("constant:1.5/constant:1", "whole numbers")]
    public void Lengths_that_make_no_sense_are_refused(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<InputException>(() => LengthPair.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("clients: { attempts: 2 }", "clients.count")]
    [InlineData("clients: { count: 4, lengths: decode-heavy }", "clients.requests")]
    [InlineData("clients: { count: 4, maxOutput: 5 }", "clients.lengths")]
    [InlineData("clients: { count: 4, requests: 9, lengths: nonsense }", "clients.lengths")]
    [InlineData("clients: { giveUpTtft: 0s }", "clients.giveUpTtft")]
    [InlineData("clients: { count: 4, requests: 9, lengths: balanced }\ntrace: { limit: 5 }", "clients.lengths")]
    [InlineData("clients: { count: 4, requests: 9, lengths: balanced }\nworkload: { requests: 5, classes: { a: { input: constant:5, output: constant:5 } } }", "clients.lengths")]
    [InlineData("clients: { count: 4 }\ntrace: { arrivals: poisson:2 }", "trace.arrivals")]
    [InlineData("clients: { count: 4 }\ntrace: { rateScale: 2 }", "trace.rateScale")]
    [InlineData("clients: { count: 4 }\nworkload: { classes: { a: { input: constant:5, output: constant:5 } } }", "workload.requests")]
    [InlineData("clients: { count: 4 }\nworkload: { requests: 5, arrivals: poisson:2, classes: { a: { input: constant:5, output: constant:5 } } }", "workload.arrivals")]
    [InlineData("clients: { count: 4 }\nworkload: { requests: 5, classes: { a: { input: constant:5, output: constant:5, arrivals: poisson:2 } } }", "workload.classes.a.arrivals")]
    [InlineData("clients: { count: 4 }\nworkload: { duration: 5s, classes: { a: { input: constant:5, output: constant:5 } } }", "clients.duration")]
    [InlineData("workload: { requests: 5, arrivals: poisson:2, classes: { a: { input: constant:5, output: constant:5, arrivals: poisson:2 } } }", "workload.arrivals")]
    [InlineData("workload: { requests: 5, classes: { a: { input: constant:5, output: constant:5, arrivals: poisson:2, share: 2 } } }", "workload.classes.a.share")]
    public void Client_keys_that_do_not_go_together_are_refused(string yaml, string key) =>
        Assert.Contains(key, Assert.Throws<InputException>(() => Reader.ReadText(yaml + "\n", "s.yaml")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_scenario_with_clients_runs_with_as_many_requests_at_once_as_there_are_clients()
    {
        var (summary, notes) = Run("clients: { count: 5, requests: 40, lengths: uniform:10..20/uniform:5..9 }");
        Assert.Equal((40L, 40L, 5L), (summary.Requests.Simulated, summary.Requests.Finished, summary.Throughput.MaxConcurrentRequests));
        Assert.DoesNotContain(notes, n => n.Contains("arrival times", StringComparison.Ordinal));
    }

    [Fact]
    public void Clients_of_a_trace_take_its_requests_in_order_and_the_report_says_that_its_times_are_not_used()
    {
        var (summary, notes) = Run("clients: { count: 3 }\ntrace: { limit: 30 }");
        Assert.Equal((30L, 3L), (summary.Requests.Finished, summary.Throughput.MaxConcurrentRequests));
        Assert.Contains(notes, n => n.Contains("arrival times", StringComparison.Ordinal));
    }

    [Fact]
    public void Clients_of_a_workload_take_its_classes_and_send_failed_requests_again()
    {
        var (summary, notes) = Run("""
            workload: { requests: 60, classes: { a: { input: constant:600, output: constant:100, tenant: x, share: 9 }, b: { input: constant:40, output: constant:10 } } }
            clients: { count: 30, attempts: 2, giveUpTtft: 220ms, giveUpTbt: 230ms }
            slo: ttft=220ms,tbt=230ms
            policy: fcfs
            """);
        Assert.Equal(2, summary.Fairness!.Tenants.Count);
        Assert.InRange(summary.Requests.Aborted, 1, summary.Requests.Simulated - 1);
        Assert.InRange(summary.Requests.Simulated, 61, 120);
        Assert.InRange(summary.Throughput.MaxConcurrentRequests, 20, 30);
        Assert.Equal(summary.Requests.Simulated, summary.Requests.Finished + summary.Requests.Aborted);
        Assert.Contains(notes, n => n.Contains("60 different requests", StringComparison.Ordinal));
    }

    [Fact]
    public void Clients_whose_row_ends_before_their_requests_leave_nothing_unfinished()
    {
        var (summary, notes) = Run("clients: { count: 3, requests: 100 }\ntrace: { limit: 30 }");
        Assert.Equal((30L, 0L), (summary.Requests.Finished, summary.Requests.Unfinished));
        Assert.DoesNotContain(notes, n => n.Contains("never came", StringComparison.Ordinal));
    }

    [Fact]
    public void Requests_that_clients_give_up_are_counted_with_their_reason_and_sent_again()
    {
        var (summary, notes) = Run("clients: { count: 30, requests: 60, lengths: constant:400/constant:100, attempts: 2, giveUpTtft: 220ms, giveUpTbt: 230ms }\nslo: ttft=220ms,tbt=230ms\npolicy: fcfs");
        var requests = summary.Requests;
        Assert.True(requests.Aborted > 0 && requests.Finished > 0);
        Assert.Equal(requests.Aborted, requests.AbortedByReason.Sum(r => r.Value));
        Assert.Equal(requests.Finished, summary.Slo!.Good);    // who waited to the end was served within the same limits
        Assert.Equal(requests.Simulated, requests.Finished + requests.Aborted);
        Assert.Equal(100.0 * 500 / 100, summary.Slo.TotalTokenGoodput!.Value / summary.Slo.TokenGoodput!.Value * 100, 1e-6);
        Assert.Contains(notes, n => n.Contains("sent again", StringComparison.Ordinal));
    }

    private static readonly ScenarioReader Reader = new(PolicyCatalog.Load());

    private static (RunSummary Summary, IReadOnlyList<string> Notes) Run(string yaml)
    {
        var setup = new RunSetup(Reader.ReadText(yaml + "\n", "s.yaml").Scenario, PolicyCatalog.Load());
        using var traffic = setup.OpenTraffic();
        var metrics = new RunMetrics(setup.Metrics);
        var result = setup.CreateRun(traffic.Source, metrics).Execute();
        return (metrics.Summarize(), setup.Describe(result, traffic.Notes(result)).Notes);
    }

    private static RequestRecord Ended(long number, RequestOutcome outcome, double e2eSeconds = 0) => new()
    {
        Number = number, Id = null, Outcome = outcome, Arrival = SimTime.Zero, InputTokens = 1, OutputTokens = 1, GeneratedTokens = 1, Instance = 0,
        FirstToken = SimTime.Zero, Finished = SimTime.FromSeconds(e2eSeconds), Slo = new(E2e: SimDuration.FromSeconds(1)),
    };
}
