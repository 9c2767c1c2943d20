using ServeSim.Abstractions;
using ServeSim.Workloads;
using ServeSim.Workloads.Transforms;

namespace ServeSim.Tests.Workloads;

public sealed class TransformTests
{
    private const string Header = "{\"trace\":\"trace-1\"}\n";

    private static string Grid(int count) =>
        "arrived_at,num_prefill_tokens,num_decode_tokens\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"{i},{i + 1},1\n"));

    private static string Lengths(int count) =>
        "num_prefill_tokens,num_decode_tokens\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"{i + 1},1\n"));

    private static TraceOptions With(string arrivals, ulong seed = 42) => new() { Arrivals = ArrivalSpec.Parse(arrivals), Seed = seed };

    private static long[] Times(IEnumerable<TraceRecord> records) => [.. records.Select(record => record.Arrival!.Value.Nanoseconds)];

    [Fact]
    public void Poisson_arrivals_of_seed_42_are_the_published_nanoseconds() => Assert.Equal(
        [54783048, 106555685, 177554960, 293894651, 984991642, 1754738187], Times(TraceText.Transformed(Lengths(6), With("poisson:2"))));

    [Theory]
    [InlineData("r1", 0.6660381923993304)]
    [InlineData("r2", 0.9156977177868231)]
    [InlineData("r3", 0.5549091911876151)]
    [InlineData("s-0001", 0.7276085388565015)]
    public void Keyed_draws_are_the_published_ones(string key, double expected) => Assert.Equal(expected, RandomStream.Keyed(42, key));

    [Theory]
    [InlineData("poisson:4", 1)]
    [InlineData("gamma:4,0.5", 0.5)]
    [InlineData("gamma:4,3", 3)]
    [InlineData("weibull:4,0.5", 0.5)]
    [InlineData("weibull:4,2", 2)]
    public void A_renewal_process_has_the_rate_and_variation_asked_for(string arrivals, double cv)
    {
        var process = ArrivalSpec.Parse(arrivals).Start(7);
        const int Count = 200_000;
        double last = 0, sum = 0, squares = 0;
        for (var i = 0; i < Count; i++)
        {
            var time = process.Next(null).Seconds;
            sum += time - last;
            squares += (time - last) * (time - last);
            last = time;
        }

        var mean = sum / Count;
        Assert.InRange(mean, 0.25 * (1 - (0.015 * Math.Max(1, cv))), 0.25 * (1 + (0.015 * Math.Max(1, cv))));
        Assert.InRange(Math.Sqrt((squares / Count) - (mean * mean)) / mean, cv * 0.95, cv * 1.05);
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(1.5)]
    [InlineData(7.3)]
    [InlineData(42)]
    [InlineData(401)]
    public void Log_gamma_agrees_with_a_numerics_library(double x) =>
        Assert.Equal(MathNet.Numerics.SpecialFunctions.GammaLn(x), RandomDraws.LogGamma(x), 1e-11 * Math.Max(1, x));

    [Fact]
    public void Constant_arrivals_do_not_drift()
    {
        var process = ArrivalSpec.Parse("constant:3").Start(1);
        var times = Enumerable.Range(0, 3_000_001).Select(_ => process.Next(null).Nanoseconds).ToArray();
        Assert.Equal([0, 333333333, 666666667, 1_000_000_000], times[..4]);
        Assert.Equal(1_000_000_000_000_000, times[^1]);
    }

    [Fact]
    public void Bursts_pull_arrivals_back_onto_the_grid() => Assert.Equal(
        [0, 0, 0, 3_000_000_000, 3_000_000_000], Times(TraceText.Transformed(Grid(5), With("burst:3"))));

    [Fact]
    public void A_window_keeps_its_start_but_not_its_end_and_counts_from_its_start()
    {
        var (start, end) = TraceOptions.ParseWindow("2..4");
        Assert.Equal([0, 1_000_000_000], Times(TraceText.Transformed(Grid(9), new() { WindowStart = start, WindowEnd = end })));
    }

    [Fact]
    public void Scales_divide_and_multiply_recorded_times()
    {
        Assert.Equal([0, 500_000_000, 1_000_000_000], Times(TraceText.Transformed(Grid(3), new() { TimeScale = 0.5 })));
        Assert.Equal([0, 250_000_000, 500_000_000], Times(TraceText.Transformed(Grid(3), new() { RateScale = 4 })));
    }

    [Fact]
    public void Sampling_keeps_or_drops_whole_conversations_whatever_else_is_in_the_trace()
    {
        static string Sessions(int count) => Header + string.Concat(Enumerable.Range(0, count)
            .Select(i => $"{{\"timestamp\":{i},\"input_length\":1,\"output_length\":1,\"session_id\":\"s{i % 100}\"}}\n"));
        var all = TraceText.Transformed(Sessions(1000), new() { Sample = 0.3, Seed = 5 });
        Assert.InRange(all.Count, 200, 400);
        Assert.All(all.GroupBy(record => record.SessionId), session => Assert.Equal(10, session.Count()));
        var fewer = TraceText.Transformed(Sessions(500), new() { Sample = 0.3, Seed = 5 });
        Assert.Equal(all.Where(record => record.Number <= 500), fewer);
    }

    [Fact]
    public void A_limit_counts_what_sampling_left()
    {
        using var pipeline = TraceText.Pipeline(Grid(100), new() { Sample = 0.5, Limit = 10 });
        Assert.Equal(10, TraceText.All(pipeline).Count);
        Assert.True(pipeline.Counts.Dropped["sample"] > 0);
    }

    [Fact]
    public void Copies_follow_one_another_with_their_own_names_and_prefixes()
    {
        const string Text = Header + """
            {"request_id":"a","timestamp":1000,"input_length":5,"output_length":2,"hash_ids":[7],"session_id":"s"}
            {"request_id":"b","wait_for":["a"],"input_length":5,"output_length":2,"hash_ids":[3]}
            """;
        var records = TraceText.Transformed(Text, new() { Repeat = 3, Gap = new SimDuration(500_000_000) });
        Assert.Equal(["a", "b", "a#2", "b#2", "a#3", "b#3"], records.Select(record => record.RequestId));
        Assert.Equal([1_000_000_000, 2_500_000_000, 4_000_000_000], records.Where(record => record.Arrival is not null).Select(record => record.Arrival!.Value.Nanoseconds));
        Assert.Equal([7, 3, 15, 11, 23, 19], records.Select(record => record.HashIds![0]));
        Assert.Equal(["a#2"], records[3].WaitFor!);
        Assert.Equal("s#3", records[4].SessionId);
    }

    [Fact]
    public void Links_to_removed_records_are_cut_and_what_cannot_start_goes_too()
    {
        const string Text = Header + """
            {"request_id":"a","timestamp":0,"input_length":1,"output_length":1}
            {"request_id":"b","timestamp":2000,"input_length":2,"output_length":1,"wait_for":["a"],"delay":50}
            {"request_id":"c","input_length":3,"output_length":1,"wait_for":["a"]}
            {"request_id":"d","input_length":4,"output_length":1,"wait_for":["c"]}
            """;
        using var pipeline = TraceText.Pipeline(Text, new() { WindowStart = new SimTime(1_000_000_000) });
        var left = Assert.Single(TraceText.All(pipeline));
        Assert.Null(left.WaitFor);
        Assert.Equal(SimDuration.Zero, left.Delay);
        Assert.Equal(new SimTime(1_000_000_000), left.Arrival);
        Assert.Equal(2, pipeline.Counts.Dropped["all it waits for was removed"]);
    }

    [Theory]
    [InlineData("poisson:3")]
    [InlineData("gamma:3,2")]
    [InlineData("weibull:3,0.7")]
    public void The_same_seed_gives_the_same_trace_and_another_seed_another(string arrivals)
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var first = TraceText.Transformed(Lengths(50), With(arrivals, seed));
            Assert.Equal(first, TraceText.Transformed(Lengths(50), With(arrivals, seed)));
            Assert.NotEqual(first, TraceText.Transformed(Lengths(50), With(arrivals, seed + 1)));
            Assert.Equal(first.OrderBy(record => record.Arrival), first);
        }
    }

    [Theory]
    [InlineData("poison:2", "did you mean \"poisson\"?")]
    [InlineData("poisson", "poisson:RATE")]
    [InlineData("poisson:0", "RATE must be a number from")]
    [InlineData("gamma:2", "gamma:RATE,CV")]
    [InlineData("gamma:2,-1", "CV must be a number from")]
    [InlineData("poisson:NaN", "RATE must be")]
    public void Bad_arrivals_say_what_is_allowed(string text, string expected) =>
        Assert.Contains(expected, TraceText.Refused(() => ArrivalSpec.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void All_bad_options_are_reported_together() => Assert.Equal(4, TraceText.Refused(() =>
        TraceText.Pipeline(Grid(1), new() { Sample = 0, Limit = 0, TimeScale = double.NaN, Repeat = 0 }).Dispose()).Problems.Count);

    [Fact]
    public void A_window_that_leaves_nothing_is_an_error() => Assert.Contains("no request is left of 3; dropped: window 3",
        TraceText.Refused(() => TraceText.Transformed(Grid(3), new() { WindowStart = new SimTime(1_000_000_000_000) })).Message, StringComparison.Ordinal);
}
