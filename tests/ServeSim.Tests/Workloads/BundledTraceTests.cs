using System.Text;
using ServeSim.Workloads;
using ServeSim.Workloads.Statistics;
using ServeSim.Workloads.Synthetic;

namespace ServeSim.Tests.Workloads;

public sealed class BundledTraceTests
{
    public static TheoryData<string> Files => [.. BundledTraces.All.Select(file => file.FileName)];

    [Theory, MemberData(nameof(Files))]
    public void A_bundled_trace_is_what_its_generator_makes(string file)
    {
        var path = Path.Combine(Folder(), file);
        var made = Make(file);
        if (Environment.GetEnvironmentVariable("SERVESIM_WRITE_TRACES") == "1") File.WriteAllBytes(path, made);
        Assert.Equal(Encoding.UTF8.GetString(File.ReadAllBytes(path)), Encoding.UTF8.GetString(made));
    }

    [Theory]
    [InlineData("chat-1k.csv", "azure", 1000, 5, 1)]
    [InlineData("code-1k.csv", "vidur", 1000, 4, 3)]
    [InlineData("conversations-500.jsonl", "mooncake", 500, 2.4, 1)]
    [InlineData("tenants-500.jsonl", "servesim", 500, 6, 1)]
    public void A_bundled_trace_reads_cleanly_and_has_the_rate_its_description_gives(string file, string format, int count, double rate, double cv)
    {
        using var reader = TraceFile.Open(new MemoryStream(Make(file)), file, new() { Strict = true });
        var statistics = new TraceStatistics();
        while (reader.TryRead(out var record)) statistics.Add(record);
        Assert.Equal((format, (long)count), (reader.Format, statistics.Requests));
        Assert.Empty(reader.Warnings);
        Assert.InRange(statistics.Rate, rate * 0.7, rate * 1.3);
        Assert.InRange(statistics.GapCv, cv * 0.8, cv * 1.25);
    }

    [Fact]
    public void Later_turns_start_with_the_blocks_of_earlier_ones()
    {
        var records = TraceText.Read(Make("conversations-500.jsonl"));
        var seen = new HashSet<ulong>();
        long references = 0, hits = 0;
        foreach (var id in records.SelectMany(record => record.HashIds!))
        {
            references++;
            if (!seen.Add(id)) hits++;
        }

        Assert.InRange((double)hits / references, 0.2, 0.7);
        Assert.All(records, record => Assert.Equal(0UL, record.HashIds![0]));
    }

    private static byte[] Make(string file)
    {
        var stream = new MemoryStream();
        BundledTraces.Write(file, stream);
        return stream.ToArray();
    }

    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Simulator.sln"))) folder = folder.Parent;
        return Path.Combine(folder!.FullName, "traces");
    }
}
