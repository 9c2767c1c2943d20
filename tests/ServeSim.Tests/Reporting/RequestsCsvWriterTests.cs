using System.Text;
using ServeSim.Abstractions;
using ServeSim.Reporting.Writers;

namespace ServeSim.Tests.Reporting;

public sealed class RequestsCsvWriterTests
{
    private const string Header = "request_id,arrival_s,input_tokens,output_tokens,instance,scheduled_s,first_token_s,finished_s,ttft_s,tpot_s,max_tbt_s,e2e_s,preemptions,cached_tokens,slo_met,status\n";

    [Fact]
    public void The_worked_example_gives_these_rows() => Assert.Equal(
        Header +
        "r1,0.000000000,10,4,0,0.500000000,0.500000000,0.800000000,0.500000000,0.100000000,0.150000000,0.800000000,0,0,false,finished\n" +
        "r2,0.500000000,20,1,0,0.900000000,0.900000000,0.900000000,0.400000000,,0.000000000,0.400000000,0,0,true,finished\n" +
        "r3,1.000000000,30,3,0,1.200000000,1.200000000,1.400000000,0.200000000,0.100000000,0.100000000,0.400000000,0,0,true,finished\n" +
        "r4,1.100000000,40,1,,,,,,,,,0,0,false,rejected\n" +
        "r5,1.400000000,5,2,0,1.900000000,1.900000000,2.400000000,0.500000000,0.500000000,0.500000000,1.000000000,0,0,false,finished\n",
        Written(writer => RunScript.WorkedExample().Play(writer)));

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Rows_stand_in_arrival_order_whatever_the_order_of_ends(int run)
    {
        var stream = new RandomStream((ulong)run, "order");
        var keys = Enumerable.Range(0, 5000).Select(i => (Key: i + (stream.NextExponential() * 300), Number: (long)i)).OrderBy(one => one.Key);
        var text = Written(writer =>
        {
            foreach (var (_, number) in keys) writer.OnRequestEnded(Record(number));
        });
        var ids = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(',')[0]);
        Assert.Equal(Enumerable.Range(1, 5000).Select(i => $"r{i}"), ids);
    }

    [Fact]
    public void A_request_that_never_ended_leaves_no_row_and_stops_nobody()
    {
        var text = Written(writer =>
        {
            writer.OnRequestEnded(Record(0));
            writer.OnRequestEnded(Record(2));
        });
        Assert.Equal(["r1", "r3"], text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(',')[0]));
    }

    [Theory, InlineData(0), InlineData(2)]
    public void A_request_cannot_end_twice(long number) => Assert.Throws<ArgumentException>(() => Written(writer =>
    {
        writer.OnRequestEnded(Record(number));
        writer.OnRequestEnded(Record(number));
    }));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"x\"", "\"say \"\"x\"\"\"")]
    [InlineData("zwölf", "zwölf")]
    public void A_name_is_quoted_where_csv_asks_for_it(string id, string expected) =>
        Assert.StartsWith($"{Header}{expected},0.000000000,", Written(writer => writer.OnRequestEnded(Record(0, id))), StringComparison.Ordinal);

    [Fact]
    public void Long_names_and_long_times_fit()
    {
        var id = new string('x', 300_000);
        var text = Written(writer => writer.OnRequestEnded(Record(0, id) with { Arrival = new SimTime(long.MaxValue - 1) }));
        Assert.Contains($"{id},9223372036.854775806,", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Iterations_stand_in_their_own_file()
    {
        using var stream = new MemoryStream();
        var writer = new IterationsCsvWriter(stream);
        writer.OnIteration(RunScript.Iteration(SimTime.FromSeconds(1.25), 3));
        writer.Complete();
        Assert.Equal("instance,start_s,end_s,prefill_tokens,prefill_sequences,decode_sequences,emitted_tokens,used_blocks,waiting_requests,preemptions,swapped_bytes,pending_tokens,carried_tokens\n"
            + "0,1.200000000,1.250000000,0,0,3,3,10,0,0,0,0,0\n", Encoding.UTF8.GetString(stream.ToArray()));
    }

    internal static RequestRecord Record(long number, string? id = null) => new()
    {
        Number = number,
        Id = id,
        Outcome = RequestOutcome.Unfinished,
        Arrival = SimTime.Zero,
        InputTokens = 5,
        OutputTokens = 7,
        GeneratedTokens = 0,
        Instance = 0,
        Slo = SloLimits.None,
    };

    private static string Written(Action<RequestsCsvWriter> play)
    {
        using var stream = new MemoryStream();
        var writer = new RequestsCsvWriter(stream);
        play(writer);
        writer.Complete();
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
