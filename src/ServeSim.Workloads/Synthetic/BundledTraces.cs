using System.Collections.Concurrent;
using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Synthetic;

/// <summary>
/// The small traces that come with the simulator. All numbers are invented, none is a row or a fit of a published
/// trace; a test makes them again and compares bytes, so a change here is a change of the files.
/// </summary>
public static class BundledTraces
{
    /// <summary>Requests of the chat trace.</summary>
    public const int ChatRequests = 1000;

    private const ulong Seed = 20_260_101;

    private static readonly ConcurrentDictionary<string, byte[]> _made = new(StringComparer.Ordinal);

    private static readonly LengthMixture ChatInput = new([(0.55, 180, 0.8), (0.3, 900, 0.6), (0.15, 3000, 0.4)], 8, 8192);
    private static readonly LengthMixture ChatOutput = new([(0.35, 60, 0.7), (0.65, 280, 0.5)], 1, 2048);
    private static readonly LengthMixture CodeInput = new([(0.25, 250, 0.7), (0.75, 2100, 0.6)], 16, 8192);
    private static readonly LengthMixture CodeOutput = new([(0.8, 14, 0.6), (0.2, 90, 0.8)], 1, 1024);

    /// <summary>Name, layout and content of each file.</summary>
    public static IReadOnlyList<(string FileName, TraceWriteFormat Format, Func<IEnumerable<TraceRecord>> Records)> All { get; } =
    [
        ("chat-1k.csv", TraceWriteFormat.Azure, Chat),
        ("code-1k.csv", TraceWriteFormat.Vidur, Code),
        ("conversations-500.jsonl", TraceWriteFormat.Mooncake, () => ConversationGenerator.Draw(500, Seed)),
        ("tenants-500.jsonl", TraceWriteFormat.Jsonl, Tenants),
    ];

    /// <summary>Writes one of the files to a stream, which is closed.</summary>
    public static void Write(string fileName, Stream stream)
    {
        var (_, format, records) = All.First(file => file.FileName == fileName);
        var options = format == TraceWriteFormat.Jsonl ? new TraceWriteOptions { Source = "made by ServeSim", Seed = Seed } : new TraceWriteOptions { Start = new DateTime(2026, 1, 5, 9, 0, 0, DateTimeKind.Utc) };
        using var writer = TraceWriter.To(stream, format, options);
        foreach (var record in records()) writer.Write(record);
        writer.Complete();
    }

    /// <summary>One of the files, made in memory; a trace that is played often is made once.</summary>
    public static Stream Open(string fileName) => new MemoryStream(_made.GetOrAdd(fileName, Make), writable: false);

    private static byte[] Make(string fileName)
    {
        var made = new MemoryStream();
        Write(fileName, made);
        return made.ToArray();
    }

    private static IEnumerable<TraceRecord> Chat() => Plain("poisson:5", ChatRequests, "chat", ChatInput, ChatOutput);

    /// <summary>Gaps of variation 3: editors send completions in bursts and then pause.</summary>
    private static IEnumerable<TraceRecord> Code() => Plain("gamma:4,3", 1000, "code", CodeInput, CodeOutput);

    private static IEnumerable<TraceRecord> Plain(string arrivals, int count, string name, LengthMixture input, LengthMixture output)
    {
        var process = ArrivalSpec.Parse(arrivals).Start(Seed, $"arrival/{name}");
        var inputs = new RandomStream(Seed, $"length.input/{name}");
        var outputs = new RandomStream(Seed, $"length.output/{name}");
        for (var number = 1; number <= count; number++)
        {
            yield return new TraceRecord
            {
                Number = number,
                Arrival = Microseconds(process.Next(null)),
                InputTokens = input.Draw(inputs),
                OutputTokens = output.Draw(outputs),
            };
        }
    }

    /// <summary>Three tenants that share a service: interactive chat, code completion, and a batch job without hurry.</summary>
    private static IEnumerable<TraceRecord> Tenants()
    {
        var process = ArrivalSpec.Parse("poisson:6").Start(Seed, "arrival/tenants");
        var who = new RandomStream(Seed, "assign.tenant/tenants");
        var lengths = new RandomStream(Seed, "joint/tenants");
        for (var number = 1; number <= 500; number++)
        {
            var arrival = Microseconds(process.Next(null));
            var draw = who.NextDouble();
            var record = new TraceRecord
            {
                Number = number,
                ExplicitId = string.Create(CultureInfo.InvariantCulture, $"t{number:D4}"),
                Arrival = arrival,
                InputTokens = (draw < 0.55 ? ChatInput : CodeInput).Draw(lengths),
                OutputTokens = (draw is >= 0.55 and < 0.8 ? CodeOutput : ChatOutput).Draw(lengths),
                MaxTokens = 2048,
            };
            yield return draw switch
            {
                < 0.55 => record with { TenantId = "acme-chat", SloClass = "interactive", TtftSlo = Milliseconds(1000), TpotSlo = Milliseconds(60), Priority = 1 },
                < 0.8 => record with { TenantId = "byte-code", SloClass = "completion", TtftSlo = Milliseconds(400), TpotSlo = Milliseconds(40), Priority = 2 },
                _ => record with { TenantId = "corpus-batch", SloClass = "batch", Deadline = Milliseconds(120_000) },
            };
        }
    }

    /// <summary>Whole microseconds, the resolution of published traces.</summary>
    internal static SimTime Microseconds(SimTime time) => new(time.Nanoseconds / 1000 * 1000);

    private static SimDuration Milliseconds(long count) => new(count * 1_000_000);
}
