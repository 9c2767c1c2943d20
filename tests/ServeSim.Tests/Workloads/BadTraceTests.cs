using System.Text;
using ServeSim.Workloads;

namespace ServeSim.Tests.Workloads;

public sealed class BadTraceTests
{
    private const string Azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
    private const string Vidur = "arrived_at,num_prefill_tokens,num_decode_tokens\n";
    private const string Line = "{\"timestamp\":0,\"input_length\":5,\"output_length\":2}\n";
    private const string Header = "{\"trace\":\"trace-1\"}\n";

    public static TheoryData<string, string, string> Texts => new()
    {
        { "empty file", "", "t.csv:1: error T001: trace has no requests" },
        { "only blank lines", "\n\n  \n", "error T001" },
        { "only a header", Azure, "t.csv:1: error T001: trace has no requests" },
        { "only a canonical header", Header, "error T001" },
        { "everything dropped", Vidur + "0,0,1\n", "all 1 records were dropped (zero tokens (W101))" },
        { "NUL bytes", Vidur + "0,1\0,1\n", "t.csv:2:4: error T002: not UTF-8 text (NUL byte)" },
        { "other columns", "a;b;c\n1;2;3\n", "t.csv:1: error T010: no known trace layout; first line has columns \"a;b;c\"" },
        { "other keys", "{\"a\":1}\n", "error T010: no known trace layout; first line has keys \"a\"" },
        { "a rate file", "0,1.5,1.2,Gamma,0.7,0.9\r\n", "ServeGen" },
        { "an agentic trace", "{\"k\":\"header\",\"v\":1}\n", "agw-1" },
        { "a later schema", "{\"trace\":\"trace-9\"}\n" + Line, "trace schema \"trace-9\" is not known" },
        { "misspelt column", "TIMESTAMP,ContextTokens,GeneratedTokns\n", "t.csv:1: error T011: missing column GeneratedTokens; found TIMESTAMP, ContextTokens, GeneratedTokns; did you mean \"GeneratedTokns\"?" },
        { "misspelt arrival", "arived_at,num_prefill_tokens,num_decode_tokens\n", "missing column arrived_at" },
        { "missing key", Line + "{\"timestamp\":0,\"input_length\":5}\n", "t.csv:2: error T011: missing key output_length" },
        { "text instead of lengths", "{\"timestamp\":0,\"text_input\":\"hi\",\"output_length\":5}\n", "missing key input_length; texts without token counts" },
        { "column twice", "arrived_at,num_prefill_tokens,num_decode_tokens,arrived_at\n", "error T012: duplicate column arrived_at" },
        { "key twice", Line + "{\"timestamp\":0,\"input_length\":5,\"input_length\":6,\"output_length\":2}\n", "t.csv:2:33: error T012: duplicate key input_length" },
        { "too many fields", Azure + "2023-11-16 18:15:46,1,2,3\n", "t.csv:2: error T013: 4 fields, header has 3" },
        { "too few fields", Vidur + "1,2\n", "2 fields, header has 3" },
        { "open quote", Vidur + "1,\"2,3\n", "t.csv:2: error T013: a quoted field is not closed" },
        { "two files put together", Vidur + "0,1,1\n" + Vidur, "the header is repeated" },
        { "cut JSON", Line + "{\"timestamp\":0,\"input_le", "t.csv:2:25: error T014: invalid JSON: unexpected end" },
        { "wrong JSON", Line + "{\"timestamp\":0,,}", "error T014: invalid JSON: unexpected \",}\"" },
        { "an array per line", Line + "[1,2]\n", "t.csv:2:1: error T014: not an object" },
        { "one array", "[{\"timestamp\":0}]", "one object per line, not one array" },
        { "two objects on a line", Line + "{\"timestamp\":0,\"input_length\":5,\"output_length\":2} {}\n", "error T014" },
        { "deep nesting", Line + "{\"x_a\":" + new string('[', 70) + new string(']', 70) + "}\n", "error T014: invalid JSON: nested deeper than 64" },
        { "not an integer", Azure + "2023-11-16 18:15:46,12a,2\n", "t.csv:2:2: error T020: ContextTokens: \"12a\" is not an integer" },
        { "a fraction", Vidur + "0,1.5,2\n", "num_prefill_tokens: \"1.5\" is not an integer" },
        { "no value", Vidur + "0,,2\n", "num_prefill_tokens: \"\" is not an integer" },
        { "NaN tokens", Vidur + "0,NaN,2\n", "\"NaN\" is not an integer" },
        { "NaN time", Vidur + "nan,1,2\n", "t.csv:2:1: error T020: arrived_at: \"nan\" is not a number" },
        { "infinite time", Vidur + "inf,1,2\n", "\"inf\" is not a number" },
        { "text for a number", Line + "{\"timestamp\":0,\"input_length\":\"12\",\"output_length\":2}\n", "input_length: \"12\" is not an integer" },
        { "list for a number", Line + "{\"timestamp\":[0],\"input_length\":5,\"output_length\":2}\n", "t.csv:2:14: error T020: timestamp: \"[0]\" is not a number" },
        { "a bad hash id", Line + "{\"timestamp\":0,\"input_length\":5,\"output_length\":2,\"hash_ids\":[-1]}\n", "hash_ids: \"-1\" is not an unsigned integer" },
        { "negative tokens", Line + "{\"timestamp\":0,\"input_length\":-5,\"output_length\":2}\n", "t.csv:2:31: error T021: input_length: -5 is below 1" },
        { "negative time", Vidur + "-1,1,2\n", "arrived_at: -1 is below 0" },
        { "beyond 31 bits", Vidur + "0,2147483648,2\n", "num_prefill_tokens: 2147483648 is above 2147483647" },
        { "beyond 63 bits", Vidur + "0,99999999999999999999999,2\n", "is above 2147483647" },
        { "a time beyond 292 years", Vidur + "1e300,1,2\n", "arrived_at: 1e300 is beyond 292 years" },
        { "no such date", Azure + "2023-13-45 00:00:00,1,2\n", "t.csv:2:1: error T022: TIMESTAMP: \"2023-13-45 00:00:00\" is not a date-time" },
        { "no leap year", Azure + "2023-02-29 00:00:00,1,2\n", "error T022" },
        { "number for a date", Azure + "12,1,2\n", "error T022" },
        { "decreasing arrivals", Vidur + "4,1,2\n0.96804,1,2\n", "t.csv:3: error T030: arrives 3.031960000 s before the previous record" },
        { "the same id", Header + "{\"request_id\":\"a\",\"timestamp\":0,\"input_length\":5,\"output_length\":2}\n{\"request_id\":\"a\",\"timestamp\":0,\"input_length\":5,\"output_length\":2}\n", "t.csv:3: error T040: duplicate request_id \"a\" (first on line 2)" },
        { "an empty id", Header + "{\"request_id\":\"\",\"timestamp\":0,\"input_length\":5,\"output_length\":2}\n", "request_id: empty" },
        { "waits for itself", Header + "{\"request_id\":\"a\",\"wait_for\":[\"a\"],\"input_length\":5,\"output_length\":2}\n", "t.csv:2: error T042: dependency cycle: a -> a" },
        { "no start", Header + "{\"input_length\":5,\"output_length\":2}\n", "t.csv:2: error T043: neither timestamp nor wait_for" },
        { "wrong number of hash ids", "{\"timestamp\":0,\"input_length\":700,\"output_length\":2,\"hash_ids\":[1,2,3,4]}\n", "t.csv:1: error T050: 4 hash_ids for 700 tokens at block size 512, expected 2" },
        { "a limit of 0", Header + "{\"timestamp\":0,\"input_length\":5,\"output_length\":2,\"ttft_slo\":0}\n", "ttft_slo: 0 is not above 0" },
        { "more reasoning than output", Header + "{\"timestamp\":0,\"input_length\":5,\"output_length\":2,\"reasoning_length\":3}\n", "reasoning_length: 3 is above output_length 2" },
        { "a bad block size", "{\"trace\":\"trace-1\",\"block_size\":0}\n" + Line, "block_size: \"0\" is not an integer above 0" },
        { "a bad time unit", "# trace: trace-1\n# time_unit: h\n" + Vidur, "t.csv:2: error T020: time_unit: \"h\"" },
    };

    [Theory, MemberData(nameof(Texts))]
    public void A_bad_trace_is_refused_with_place_and_reason(string because, string text, string expected) =>
        Assert.True(TraceText.Refused(() => TraceText.Read(text)).Message is var message && message.Contains(expected, StringComparison.Ordinal), $"{because}: {message}");

    public static TheoryData<string, byte[], string> Bytes => new()
    {
        { "UTF-16", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Vidur)], "error T002: not UTF-8 text (UTF-16 byte order mark)" },
        { "UTF-16, other order", [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(Vidur)], "error T002" },
        { "UTF-16 without mark", Encoding.Unicode.GetBytes(Vidur), "error T002: not UTF-8 text (NUL byte)" },
        { "Latin-1", [.. Encoding.UTF8.GetBytes(Vidur + "0,1,2\n1,"), 0xE9, .. ",2\n"u8], "t.csv:3: error T002: not UTF-8 text (invalid bytes)" },
        { "cut gzip", TraceText.Gzip(Encoding.UTF8.GetBytes(Vidur + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i}.{i * 7919 % 1000},{i},{i * 31 % 997}\n"))))[..^2000], "error T003: gzip data is broken or ends early after" },
        { "gzip without content", TraceText.Gzip([]), "error T001" },
    };

    [Theory, MemberData(nameof(Bytes))]
    public void Bytes_that_are_no_text_are_refused(string because, byte[] bytes, string expected) =>
        Assert.True(TraceText.Refused(() => TraceText.Read(bytes)).Message is var message && message.Contains(expected, StringComparison.Ordinal), $"{because}: {message}");

    public static TheoryData<string, string, TraceReadOptions, string> Options => new()
    {
        { "strict columns", "arrived_at,num_prefill_tokens,num_decode_tokens,tennant_id\n0,1,1,a\n", new() { Strict = true }, "t.csv:1:4: error T060: unknown column \"tennant_id\"; did you mean \"tenant_id\"?" },
        { "strict keys", "{\"timestamp\":0,\"input_length\":5,\"output_length\":2,\"foo\":1}\n", new() { Strict = true }, "error T060: unknown key \"foo\"" },
        { "zero tokens as error", Vidur + "0,1,0\n", new() { ZeroTokens = ZeroTokens.Error }, "t.csv:2: error T023: num_decode_tokens is 0" },
        { "too many tokens", Vidur + "0,100,50\n", new() { MaxTotalTokens = 149 }, "error T024: total 150 exceeds 149" },
        { "another layout", Azure, new() { Format = "vidur" }, "format vidur was asked for, but the first line is that of azure" },
        { "CSV for JSON", Vidur, new() { Format = "mooncake" }, "format mooncake was asked for" },
        { "a layout asked for and misspelt", "arrived,num_prefill_tokens,num_decode_tokens\n", new() { Format = "vidur" }, "missing column arrived_at" },
        { "no such layout", Vidur, new() { Format = "azur" }, "no format \"azur\"; did you mean \"azure\"?" },
        { "a layout that is no trace", Vidur, new() { Format = "servegen" }, "not a request trace" },
        { "later than the window", Vidur + "5,1,1\n9,1,1\n20,1,1\n1,1,1\n", new() { Order = TraceOrder.Parse("window:3") }, "error T030" },
    };

    [Theory, MemberData(nameof(Options))]
    public void Reading_options_decide_what_is_an_error(string because, string text, TraceReadOptions options, string expected) =>
        Assert.True(TraceText.Refused(() => TraceText.Read(text, options)).Message is var message && message.Contains(expected, StringComparison.Ordinal), $"{because}: {message}");

    [Fact]
    public void Twenty_problems_are_listed_and_the_rest_is_counted()
    {
        var refused = TraceText.Refused(() => TraceText.Read(Vidur + string.Concat(Enumerable.Repeat("0,x,1\n", 57))));
        Assert.Equal(21, refused.Problems.Count);
        Assert.Equal("t.csv:2:2: error T020: num_prefill_tokens: \"x\" is not an integer", refused.Problems[0]);
        Assert.Equal("t.csv: 37 more problems", refused.Problems[20]);
    }

    [Fact]
    public void Good_records_before_the_first_problem_are_handed_out()
    {
        using var reader = TraceFile.Open(new MemoryStream(Encoding.UTF8.GetBytes(Vidur + "0,1,1\n1,2,1\n2,x,1\n")), "t.csv");
        Assert.True(reader.TryRead(out _));
        Assert.True(reader.TryRead(out var second));
        Assert.Equal(2, second.InputTokens);
        Assert.Contains(":4:2:", TraceText.Refused(() => reader.TryRead(out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lenient_reading_drops_and_counts_bad_records_and_shows_the_first_of_each_kind()
    {
        using var reader = TraceFile.Open(new MemoryStream(Encoding.UTF8.GetBytes(Vidur + "0,1,1\n1,x,1\n2,-4,1\n3,y,1\n4,0,1\n5,1,1\n")), "t.csv", new() { Lenient = true });
        Assert.Equal(2, TraceText.All(reader).Count);
        Assert.Equal([new("T020", 2), new("T021", 1), new("zero tokens (W101)", 1)], reader.Counts.Dropped);
        Assert.Equal(3, reader.Warnings.Count);
        Assert.Equal("t.csv:3:2: warning W020: num_prefill_tokens: \"x\" is not an integer; the record is dropped", reader.Warnings[0]);
    }

    [Fact]
    public void Lengths_without_arrivals_ask_for_an_arrival_process()
    {
        var refused = TraceText.Refused(() => TraceText.Pipeline("num_prefill_tokens,num_decode_tokens\n1,2\n", new()).Dispose());
        Assert.Contains("--arrivals poisson:2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_of_ten_megabytes_is_read_and_one_beyond_the_limit_refused()
    {
        Assert.Single(TraceText.Read($"{{\"timestamp\":0,\"input_length\":5,\"output_length\":2,\"x_note\":\"{new string('a', 10_000_000)}\"}}\n"));
        var refused = TraceText.Refused(() => TraceText.Read(Line + new string(' ', 17_000_000)));
        Assert.Equal("t.csv:2: error T004: line longer than 16777216 bytes", refused.Message);
    }

    [Fact]
    public void A_missing_file_is_named_with_the_nearest_one()
    {
        var folder = Directory.CreateTempSubdirectory("servesim");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "chat.csv"), Vidur);
            var refused = TraceText.Refused(() => TraceFile.Open(Path.Combine(folder.FullName, "chta.csv")).Dispose());
            Assert.Contains("did you mean \"chat.csv\"?", refused.Message, StringComparison.Ordinal);
            Assert.Contains("directory", TraceText.Refused(() => TraceFile.Open(folder.FullName).Dispose()).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
