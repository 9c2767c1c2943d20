using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Workloads;
using ServeSim.Workloads.Classes;

namespace ServeSim.Tests.Workloads;

public sealed class ServiceClassTests
{
    private static readonly SloClass Chat = new("chat", SloKind.Latency, new(Ttft: Seconds(2), Tbt: Seconds(0.1)), Share: 1);
    private static readonly SloClass Report = new("report", SloKind.Deadline, new(E2e: Seconds(20)), Share: 3);

    [Fact]
    public void A_request_keeps_its_own_limits_and_takes_the_rest_from_the_class_that_it_names()
    {
        var taken = Take([Request() with { SloClass = "chat", Slo = new(Ttft: Seconds(1)) }, Request() with { SloClass = "report" }]);
        Assert.Equal(new SloLimits(Ttft: Seconds(1), Tbt: Seconds(0.1)), taken[0].Slo);
        Assert.Equal((SloKind.Latency, SloKind.Deadline), (taken[0].SloKind, taken[1].SloKind));
        Assert.Equal(Report.Limits, taken[1].Slo);
    }

    [Fact]
    public void Only_requests_with_neither_class_nor_limits_draw_a_class_and_in_the_proportion_of_the_shares()
    {
        var taken = Take([.. Enumerable.Range(0, 4000).Select(_ => Request()), Request() with { Slo = new(E2e: Seconds(3)) }]);
        Assert.InRange(taken.Count(s => s.SloClass == "report"), 2900, 3100);
        Assert.Null(taken[^1].SloClass);
        Assert.Equal(new SloLimits(Ttft: Seconds(9), E2e: Seconds(3)), taken[^1].Slo);    // the run's limits fill in
    }

    [Fact]
    public void The_draw_belongs_to_the_request_whatever_the_order_of_arrivals()
    {
        RequestSpec[] named = [.. Enumerable.Range(0, 100).Select(i => Request() with { Id = $"q{i}" })];
        var forwards = Take(named).ToDictionary(s => s.Id!, s => s.SloClass);
        var backwards = Take([.. named.Reverse()]).ToDictionary(s => s.Id!, s => s.SloClass);
        Assert.Equal(forwards.OrderBy(p => p.Key, StringComparer.Ordinal), backwards.OrderBy(p => p.Key, StringComparer.Ordinal));
        Assert.Equal(2, forwards.Values.Distinct().Count());
        Assert.NotEqual(Take(named).Select(s => s.SloClass), Take(named, seed: 2).Select(s => s.SloClass));
    }

    [Fact]
    public void A_class_that_the_table_lacks_is_an_error_and_without_a_table_a_name_is_a_label()
    {
        var fault = Assert.Throws<InputException>(() => Take([Request() with { SloClass = "chatt" }]));
        Assert.StartsWith("request r1 is of class \"chatt\", which slo.classes does not have; did you mean \"chat\"?", fault.Message, StringComparison.Ordinal);
        using var source = new ListTrafficSource([Request() with { SloClass = "chatt" }]);
        var label = new ClassedTrafficSource(source, [], new(Ttft: Seconds(9)), 1).Take();
        Assert.Equal(("chatt", null, Seconds(9)), (label.SloClass, label.SloKind, label.Slo!.Ttft));
    }

    [Fact]
    public void Tiers_loosen_the_limits_of_one_request_after_the_other()
    {
        RequestSpec[] requests = [.. Enumerable.Range(0, 5).Select(_ => Request() with { SloClass = "report" })];
        Assert.Equal([20.0, 40, 60, 80, 20], Take(requests, tiers: 4).Select(s => s.Slo!.E2e!.Value.Seconds));
    }

    [Fact]
    public void A_scenario_with_classes_reads_back_to_an_equal_one_and_names_every_mistake_with_its_place()
    {
        var reader = new ScenarioReader(PolicyCatalog.Load());
        var scenario = reader.ReadText("slo:\n  classes:\n    chat: { kind: latency, ttft: 2s, tbt: 100ms, share: 1 }\n    bulk: { kind: best-effort, share: 0.5 }\n", "s.yaml",
            new ScenarioOverride("slo.classes.chat.tbt", "80ms", "--set")).Scenario;
        Assert.Equal(new SloLimits(Ttft: Seconds(2), Tbt: Seconds(0.08)), scenario.Slo.ToClasses()[0].Limits);
        var text = ScenarioWriter.Write(scenario);
        Assert.Equal(scenario, reader.ReadText(text, "again.yaml").Scenario);
        Assert.Contains("classes:\n    chat:\n      kind: latency\n", text, StringComparison.Ordinal);

        var fault = Assert.Throws<InputException>(() => reader.ReadText(
            "slo:\n  classes:\n    a: { kind: deadline }\n    b: { kind: latency, e2e: 2s }\n    c: { kind: best-effort, ttft: 1s }\n    d: { kind: latenci }\n    e: 3\n    9f: { share: 1 }\n", "s.yaml"));
        Assert.Equal(6, fault.Problems.Count(p => p.StartsWith("s.yaml:", StringComparison.Ordinal)));
        Assert.Contains(fault.Problems, p => p.Contains("slo.classes.a must limit e2e", StringComparison.Ordinal));
        Assert.Contains(fault.Problems, p => p.Contains("did you mean \"latency\"?", StringComparison.Ordinal));
        Assert.Contains(fault.Problems, p => p.Contains("slo.classes.e must be a group of keys", StringComparison.Ordinal));
        Assert.Contains(fault.Problems, p => p.Contains("a class name has letters, digits, - and _ and starts with a letter, got \"9f\"", StringComparison.Ordinal));
    }

    private static List<RequestSpec> Take(RequestSpec[] requests, ulong seed = 1, int tiers = 1)
    {
        using var source = new ListTrafficSource(requests);
        var classed = new ClassedTrafficSource(source, [Chat, Report], new(Ttft: Seconds(9)), seed, tiers);
        List<RequestSpec> taken = [];
        while (classed.NextArrival != SimTime.Never) taken.Add(classed.Take());
        return taken;
    }

    private static RequestSpec Request() => new() { Arrival = SimTime.Zero, InputTokens = 5, OutputTokens = 5 };

    private static SimDuration Seconds(double seconds) => SimDuration.FromSeconds(seconds);
}
