using ServeSim.Abstractions;
using ServeSim.Workloads;
using ServeSim.Workloads.Statistics;

namespace ServeSim.Tests.Workloads;

public sealed class TraceWriterTests
{
    private static readonly TraceRecord Full = new()
    {
        Number = 1, ExplicitId = "a", Arrival = new SimTime(1_234_567_891), InputTokens = 700, OutputTokens = 9, MaxTokens = 10,
        HashIds = [0, ulong.MaxValue], BlockSize = 600, SessionId = "s, \"quoted\"", Turn = 2, WaitFor = ["x", "y"], Delay = new SimDuration(1),
        TenantId = "t", UserId = "ü#", Priority = -3, SloClass = "chat", TtftSlo = new SimDuration(2_000_000_000), TpotSlo = new SimDuration(100_000_001),
        Deadline = new SimDuration(9), Model = "m", Adapter = "l", ImageTokens = 1, AudioTokens = 2, VideoTokens = 3, NumImages = 4, ReasoningTokens = 5, Type = "API log",
        Extras = [new("x_text", "\"abc, d\""), new("x_number", "5.0"), new("x_quoted", "\"5\""), new("x_list", "[1,\"a\"]"), new("x_empty", "\"\"")],
    };

    private static readonly TraceRecord Bare = new() { Number = 2, Arrival = new SimTime(2_000_000_000), InputTokens = 1, OutputTokens = 1 };

    [Theory]
    [InlineData(TraceWriteFormat.Jsonl)]
    [InlineData(TraceWriteFormat.Csv)]
    public void Every_field_survives_the_canonical_layouts_and_the_second_copy_has_the_same_bytes(TraceWriteFormat format)
    {
        var written = TraceText.Written([Full, Bare], format);
        var read = TraceText.Read(written, new() { Strict = true });
        Assert.Equal([Full, Bare], read);
        Assert.Equal(written, TraceText.Written(read, format));
    }

    [Fact]
    public void Random_records_survive_every_canonical_layout()
    {
        var random = new RandomStream(9, "records");
        for (var round = 0; round < 50; round++)
        {
            long time = 0;
            var records = Enumerable.Range(1, 30).Select(number => Bare with
            {
                Number = number,
                Arrival = new SimTime(time += (long)(random.NextUInt64() >> (8 + random.NextInt(50)))),
                InputTokens = 1 + random.NextInt(int.MaxValue - 1),
                TenantId = random.NextInt(2) == 0 ? null : $"t,{random.NextInt(3)}",
                Priority = random.NextInt(5) - 2,
                TtftSlo = random.NextInt(2) == 0 ? null : new SimDuration(1 + random.NextInt(int.MaxValue - 1)),
            }).ToList();
            Assert.Equal(records, TraceText.Read(TraceText.Written(records, TraceWriteFormat.Jsonl)));
            Assert.Equal(records, TraceText.Read(TraceText.Written(records, TraceWriteFormat.Csv)));
        }
    }

    [Fact]
    public void Defaults_get_no_key_and_times_the_fewest_digits() => Assert.Equal(
        "{\"trace\":\"trace-1\",\"block_size\":512}\n{\"timestamp\":2000,\"input_length\":1,\"output_length\":1}\n{\"timestamp\":2000.000001,\"input_length\":1,\"output_length\":1}\n",
        TraceText.Written([Bare, Bare with { Arrival = new SimTime(2_000_000_001) }], TraceWriteFormat.Jsonl));

    [Fact]
    public void Azure_rows_have_seven_decimals_and_nine_where_needed() => Assert.Equal(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-01-01 00:00:02.0000000,1,1\n2024-01-01 00:00:02.000000001,1,1\n",
        TraceText.Written([Bare, Bare with { Arrival = new SimTime(2_000_000_001) }], TraceWriteFormat.Azure));

    [Fact]
    public void A_long_trace_gets_every_canonical_column()
    {
        var records = Enumerable.Range(1, 10_050).Select(number => Bare with { Number = number, TenantId = number > 10_040 ? "late" : null }).ToList();
        Assert.Equal(records, TraceText.Read(TraceText.Written(records, TraceWriteFormat.Csv)));
    }

    [Fact]
    public void A_file_appears_only_when_complete_and_is_packed_by_its_name()
    {
        var folder = Directory.CreateTempSubdirectory("servesim");
        try
        {
            var path = Path.Combine(folder.FullName, "t.jsonl.gz");
            using (var broken = TraceWriter.Create(path, TraceWriteFormat.Jsonl)) broken.Write(Bare);
            Assert.Empty(folder.GetFiles());
            using (var writer = TraceWriter.Create(path, TraceWriteFormat.Jsonl))
            {
                writer.Write(Bare);
                writer.Complete();
            }

            Assert.Equal([0x1F, 0x8B], File.ReadAllBytes(path)[..2]);
            Assert.Equal("t.jsonl.gz", Assert.Single(folder.GetFiles()).Name);
            using var reader = TraceFile.Open(path);
            Assert.Single(TraceText.All(reader));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Layouts_refuse_what_they_cannot_hold()
    {
        var waiting = Bare with { Arrival = null, WaitFor = ["a"] };
        Assert.Contains("has no arrival of its own", TraceText.Refused(() => TraceText.Written([waiting], TraceWriteFormat.Vidur)).Message, StringComparison.Ordinal);
        Assert.Contains("line break", TraceText.Refused(() => TraceText.Written([Bare with { TenantId = "a\nb" }], TraceWriteFormat.Csv)).Message, StringComparison.Ordinal);
        Assert.Contains("has no arrival", TraceText.Refused(() => TraceText.Written([Bare with { Arrival = null }], TraceWriteFormat.Jsonl)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Percentiles_are_within_one_percent_of_the_sorted_values()
    {
        var random = new RandomStream(4, "histogram");
        var values = Enumerable.Range(0, 20_000).Select(_ => (long)(random.NextUInt64() >> (1 + random.NextInt(60)))).ToList();
        var histogram = new TokenHistogram();
        foreach (var value in values) histogram.Add(value);
        values.Sort();
        foreach (var share in new[] { 0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1 })
        {
            var exact = values[Math.Max(0, (int)Math.Ceiling(share * values.Count) - 1)];
            Assert.InRange(histogram.Percentile(share), exact * 0.99, exact * 1.01);
        }

        Assert.Equal((values[0], values[^1], values.Count), (histogram.Min, histogram.Max, (int)histogram.Count));
        Assert.Equal(values.Aggregate(Int128.Zero, (sum, value) => sum + value), histogram.Sum);
    }
}
