using ServeSim.Abstractions;
using ServeSim.Workloads;

namespace ServeSim.Tests.Workloads;

public sealed class TrafficSourceTests
{
    private const string Header = "{\"trace\":\"trace-1\"}\n";

    private static TraceTrafficSource Source(string lines, TraceOptions? options = null) => new(TraceText.Pipeline(Header + lines, options ?? new()), "t");

    private static string Line(string id, string rest) => $"{{\"request_id\":\"{id}\",\"input_length\":5,\"output_length\":2,{rest}}}\n";

    private static SimTime At(double milliseconds) => SimTime.FromSeconds(milliseconds / 1000);

    [Fact]
    public void Requests_come_in_order_with_all_their_fields()
    {
        using var source = Source("{\"timestamp\":1,\"input_length\":5,\"output_length\":9,\"max_tokens\":4,\"tenant_id\":\"a\",\"priority\":3,\"ttft_slo\":100,\"tpot_slo\":50,\"deadline\":900}\n" + Line("b", "\"timestamp\":2"));
        Assert.Equal(At(1), source.NextArrival);
        Assert.Equal(new RequestSpec
        {
            Id = "r1", Arrival = At(1), InputTokens = 5, OutputTokens = 4, MaxOutputTokens = 4, Priority = 3, Tenant = "a",
            Slo = new SloLimits(Ttft: SimDuration.FromMilliseconds(100), Tpot: SimDuration.FromMilliseconds(50), E2e: SimDuration.FromMilliseconds(900)),
        }, source.Take());
        Assert.Equal("b", source.Take().Id);
        Assert.Equal(SimTime.Never, source.NextArrival);
        Assert.Equal(2, source.RecordsRead);
        Assert.Throws<InvalidOperationException>(() => source.Take());
    }

    [Fact]
    public void A_layout_without_dependencies_needs_no_names()
    {
        using var source = new TraceTrafficSource(TraceText.Pipeline("arrived_at,num_prefill_tokens,num_decode_tokens\n0,1,2\n", new()));
        Assert.Null(source.Take().Id);
    }

    public static TheoryData<string, string, double> Starts => new()
    {
        { "delay after the parent", "\"wait_for\":[\"a\"],\"delay\":250", 1250 },
        { "a recorded time that is later", "\"wait_for\":[\"a\"],\"delay\":250,\"timestamp\":5000", 5000 },
        { "a recorded time that is earlier", "\"wait_for\":[\"a\"],\"delay\":250,\"timestamp\":400", 1250 },
        { "the same parent twice", "\"wait_for\":[\"a\",\"a\"]", 1000 },
    };

    [Theory, MemberData(nameof(Starts))]
    public void A_dependent_request_starts_at_the_later_of_its_time_and_its_parents_end(string because, string fields, double expected)
    {
        using var source = Source(Line("a", "\"timestamp\":0") + Line("b", fields));
        source.Take();
        Assert.Equal((SimTime.Never, 1L), (source.NextArrival, source.Blocked));
        source.OnEnded("a", RequestState.Finished, At(1000));
        Assert.True(source.NextArrival == At(expected), because);
        Assert.Equal((At(expected), "b", 0L), (source.NextArrival, source.Take().Id, source.Blocked));
    }

    [Fact]
    public void All_parents_must_end_and_a_refused_one_releases_too()
    {
        using var source = Source(Line("a", "\"timestamp\":0") + Line("b", "\"timestamp\":0") + Line("c", "\"wait_for\":[\"a\",\"b\"],\"delay\":10"));
        source.Take();
        source.Take();
        source.OnEnded("b", RequestState.Finished, At(100));
        Assert.Equal(SimTime.Never, source.NextArrival);
        source.OnEnded("a", RequestState.Rejected, At(300));
        Assert.Equal((At(310), 1L), (source.NextArrival, source.RejectedParents));
    }

    [Fact]
    public void A_child_listed_before_its_parent_or_far_behind_it_is_released_in_time()
    {
        using var source = Source(Line("c", "\"wait_for\":[\"a\"]") + Line("a", "\"timestamp\":0") + Line("z", "\"timestamp\":90000") + Line("d", "\"wait_for\":[\"a\"],\"delay\":1"));
        Assert.Equal("a", source.Take().Id);
        source.OnEnded("a", RequestState.Finished, At(5));
        Assert.Equal(["c", "d", "z"], new[] { source.Take().Id!, source.Take().Id!, source.Take().Id! });
        Assert.Equal(0, source.LateReleases);
    }

    [Fact]
    public void Requests_whose_parents_never_end_stay_blocked()
    {
        using var source = Source(Line("a", "\"timestamp\":0") + Line("b", "\"wait_for\":[\"a\"]") + Line("c", "\"wait_for\":[\"b\"]"));
        source.Take();
        Assert.Equal((SimTime.Never, 2L), (source.NextArrival, source.Blocked));
    }

    [Fact]
    public void Simultaneous_requests_come_in_file_order()
    {
        using var source = Source(Line("a", "\"timestamp\":0") + Line("b", "\"wait_for\":[\"a\"]") + Line("c", "\"timestamp\":10") + Line("d", "\"wait_for\":[\"a\"]"));
        source.Take();
        source.OnEnded("a", RequestState.Finished, At(10));
        Assert.Equal(["b", "c", "d"], new[] { source.Take().Id!, source.Take().Id!, source.Take().Id! });
    }

    [Theory]
    [InlineData("zz", "error T041: record 2 (b): wait_for names \"zz\"")]
    [InlineData("c", "error T042: dependency cycle: b -> c -> b")]
    public void Unknown_parents_and_circles_are_refused(string parent, string expected) => Assert.Contains(expected,
        TraceText.Refused(() => Source(Line("a", "\"timestamp\":0") + Line("b", $"\"wait_for\":[\"{parent}\"]") + Line("c", "\"wait_for\":[\"b\"]")).Dispose()).Message, StringComparison.Ordinal);

    [Fact]
    public void A_long_chain_of_waiting_requests_is_no_circle()
    {
        var lines = Line("n0", "\"timestamp\":0") + string.Concat(Enumerable.Range(1, 20_000).Select(i => Line($"n{i}", $"\"wait_for\":[\"n{i - 1}\"]")));
        using var source = Source(lines);
        for (var i = 0; i <= 20_000; i++)
        {
            Assert.Equal($"n{i}", source.Take().Id);
            source.OnEnded($"n{i}", RequestState.Finished, At(i));
        }

        Assert.Equal((SimTime.Never, 0L), (source.NextArrival, source.Blocked));
    }

    [Fact]
    public void A_list_gives_its_requests_and_refuses_disorder()
    {
        static RequestSpec At(long time) => new() { Arrival = new SimTime(time), InputTokens = 1, OutputTokens = 1 };
        using var source = new ListTrafficSource([At(1), At(1), At(3)]);
        Assert.Equal([1, 1, 3], new[] { source.Take().Arrival.Nanoseconds, source.Take().Arrival.Nanoseconds, source.Take().Arrival.Nanoseconds });
        Assert.Equal(SimTime.Never, source.NextArrival);
        using var bad = new ListTrafficSource([At(2), At(1)]);
        Assert.Throws<InvalidOperationException>(() => bad.Take());
    }
}
