using System.Text;
using ServeSim.Abstractions;
using ServeSim.Workloads;
using ServeSim.Workloads.Readers;

namespace ServeSim.Tests.Workloads;

public sealed class TraceReaderTests
{
    private const string Vidur = "arrived_at,num_prefill_tokens,num_decode_tokens\n";

    private const string CanonicalJson = """
        {"trace":"trace-1","block_size":512}
        {"request_id":"a1","timestamp":0,"input_length":1000,"output_length":50,"hash_ids":[0,1],"session_id":"s1","turn":1,"tenant_id":"t0","slo_class":"chat","ttft_slo":2000,"tpot_slo":100}
        {"request_id":"a2","wait_for":["a1"],"delay":2500,"input_length":1300,"output_length":40,"hash_ids":[0,2,3],"session_id":"s1","turn":2,"tenant_id":"t0","slo_class":"chat","ttft_slo":2000,"tpot_slo":100}
        """;

    private const string CanonicalCsv = """
        # trace: trace-1
        # block_size: 512
        request_id,arrived_at,num_prefill_tokens,num_decode_tokens,hash_ids,session_id,turn,wait_for,delay_s,tenant_id,slo_class,ttft_slo_s,tpot_slo_s
        a1,0,1000,50,0 1,s1,1,,,t0,chat,2,0.1
        a2,,1300,40,0 2 3,s1,2,a1,2.5,t0,chat,2,0.1
        """;

    [Fact]
    public void The_canonical_forms_in_json_and_csv_mean_the_same()
    {
        var records = TraceText.Read(CanonicalJson);
        Assert.Equal(TraceText.Read(CanonicalCsv), records);
        Assert.Equal(["a1"], records[1].WaitFor!);
        Assert.Equal(new SimDuration(2_500_000_000), records[1].Delay);
        Assert.Equal(new SimDuration(100_000_000), records[0].TpotSlo);
    }

    public static TheoryData<string, string, string, long, int, int> Layouts => new()
    {
        { "azure 2023", "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109", "azure", 4_314_579_000, 396, 109 },
        { "azure 2024", "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,1,2\n2024-05-10 00:00:01+00:00,3,4\n", "azure", 990_070_000, 3, 4 },
        { "azure 2025", "TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n2024-10-15T12:00:00.269Z,0,770,491\n2024-10-15T12:00:05.819Z,1,949,126\n", "azure", 5_550_000_000, 949, 126 },
        { "azure over midnight in another zone", "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-02-28 23:59:59-02:00,1,2\n2024-02-29 02:00:00Z,3,4\n", "azure", 1_000_000_000, 3, 4 },
        { "vidur", Vidur + "0.0,1,2\n0.098189,110,27\n", "vidur", 98_189_000, 110, 27 },
        { "vidur with other order and case", "Num_Decode_Tokens,ARRIVED_AT,num_prefill_tokens\n1,0,2\n4,1e-3,3\n", "vidur", 1_000_000, 3, 4 },
        { "quoted fields and blanks", Vidur + "\"0\",1,1\n\" 2.5\",\" +3\",4 \n", "vidur", 2_500_000_000, 3, 4 },
        { "byte order mark, CRLF, blank and comment lines", "\uFEFF" + Vidur + "\r\n0,1,1\r\n# remark\r\n\r\n1,3,4", "vidur", 1_000_000_000, 3, 4 },
        { "splitwise", "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n0,0,0,0.5,1,9,9\n1,0,0,1.5,1,3,4\n", "splitwise", 1_500_000_000, 3, 4 },
        { "burstgpt, 6 columns", "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,3,4,7,API log\n", "burstgpt", 45_000_000_000, 3, 4 },
        { "burstgpt, 8 columns", "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,,1.5,ChatGPT,472,18,490,API log\n45,7,1,GPT-4,3,4,7,Conversation log\n", "burstgpt", 45_000_000_000, 3, 4 },
        { "blis", "request_id,arrival_time_us,input_tokens,output_tokens\na,0,1,1\nb,1500,3,4\n", "blis", 1_500_000, 3, 4 },
        { "mooncake", "{\"timestamp\": 0, \"input_length\": 6, \"output_length\": 5, \"hash_ids\": [1]}\n{\"output_length\": 4, \"timestamp\": 27.5, \"input_length\": 3, \"hash_ids\": [0]}\n", "mooncake", 27_500_000, 3, 4 },
        { "qwen", "{\"chat_id\":159,\"parent_chat_id\":-1,\"timestamp\":1.25,\"input_length\":30,\"output_length\":1,\"type\":\"text\",\"turn\":1,\"hash_ids\":[1,2]}\n{\"chat_id\":160,\"parent_chat_id\":159,\"timestamp\":61.114,\"input_length\":3,\"output_length\":4,\"turn\":2}\n", "qwen", 61_114_000_000, 3, 4 },
        { "toks", "{\"input_toks\":1,\"output_toks\":1,\"arrival_time_ns\":5,\"input_tok_ids\":[1]}\n{\"input_toks\":3,\"output_toks\":4,\"arrival_time_ns\":1000000007}\n", "toks", 1_000_000_007, 3, 4 },
        { "aibrix", "{\"timestamp\":0,\"requests\":[{\"Prompt Length\":1,\"Output Length\":1}]}\n{\"timestamp\":1500,\"requests\":[{\"prompt_length\":3,\"output_length\":4,\"prompt\":\"x\"}]}\n", "aibrix", 1_500_000_000, 3, 4 },
        { "canonical in seconds", "{\"trace\":\"trace-1\",\"time_unit\":\"s\"}\n{\"timestamp\":0,\"input_length\":1,\"output_length\":1}\n{\"timestamp\":1.5,\"input_length\":3,\"output_length\":4,\"tenant_id\":\"b\"}\n", "servesim", 1_500_000_000, 3, 4 },
    };

    [Theory, MemberData(nameof(Layouts))]
    public void Every_layout_is_recognised_by_its_first_line(string because, string text, string format, long nanoseconds, int input, int output)
    {
        foreach (var bytes in new[] { Encoding.UTF8.GetBytes(text), TraceText.Gzip(Encoding.UTF8.GetBytes(text)) })
        {
            using var reader = TraceFile.Open(new MemoryStream(bytes), "t");
            var records = TraceText.All(reader);
            Assert.True(records is [_, var last] && reader.Format == format && last.Arrival == new SimTime(nanoseconds) && last.InputTokens == input && last.OutputTokens == output, $"{because}: {records[^1]}");
            Assert.Empty(reader.Warnings);
        }
    }

    [Fact]
    public void Several_gzip_members_are_one_text()
    {
        byte[] bytes = [.. TraceText.Gzip(Encoding.UTF8.GetBytes(Vidur + "0,1,1\n1,2")), .. TraceText.Gzip(",1\n2,3,1\n"u8.ToArray())];
        Assert.Equal([1, 2, 3], TraceText.Read(bytes).Select(record => record.InputTokens));
    }

    [Fact]
    public void A_batch_becomes_one_record_per_member()
    {
        var records = TraceText.Read("request_id,arrival_timestamp,batch_size,prompt_size,token_size\n7,0.5,3,9,2\n");
        Assert.Equal(["7.1", "7.2", "7.3"], records.Select(record => record.RequestId));
    }

    [Fact]
    public void A_chain_of_calls_waits_for_the_call_and_the_tool_before()
    {
        var records = TraceText.Read("{\"session_id\":\"s\",\"arrival_time_ns\":9,\"sub_requests\":[{\"input_toks\":5,\"output_toks\":6,\"tool_duration_ns\":77},{\"input_toks\":7,\"output_toks\":8}]}\n");
        Assert.Equal(["s/1", "s/2"], records.Select(record => record.RequestId));
        Assert.Equal((new SimTime(9), (SimTime?)null), (records[0].Arrival, records[1].Arrival));
        Assert.Equal(["s/1"], records[1].WaitFor!);
        Assert.Equal(new SimDuration(77), records[1].Delay);
    }

    [Fact]
    public void Chats_of_one_root_share_a_session()
    {
        static string Chat(int id, int parent) => $"{{\"chat_id\":{id},\"parent_chat_id\":{parent},\"timestamp\":{id},\"input_length\":1,\"output_length\":1}}\n";
        var records = TraceText.Read(Chat(1, -1) + Chat(2, 1) + Chat(3, 2) + Chat(4, -1) + Chat(5, 99) + Chat(6, 99), new() { Format = "bailian" });
        Assert.Equal(["1", "1", "1", "4", "99", "99"], records.Select(record => record.SessionId));
    }

    [Fact]
    public void Fields_of_inference_sim_traces_are_turned_into_ours()
    {
        var record = Assert.Single(TraceText.Read("arrival_time_us,input_tokens,output_tokens,client_id,round_index,deadline_us,vllm_priority,slo_target_us\n100,5,6,c,0,1100,-3,50\n"));
        Assert.Equal(("c", 1, 3), (record.UserId, record.Turn, record.Priority));
        Assert.Equal((new SimDuration(1_000_000), new SimDuration(50_000)), (record.Deadline, record.TtftSlo));
    }

    [Fact]
    public void Unknown_columns_and_keys_are_named_once()
    {
        using var reader = TraceFile.Open(new MemoryStream(Encoding.UTF8.GetBytes(
            "{\"timestamp\":0,\"input_length\":5,\"output_length\":2,\"outputlength\":1}\n{\"timestamp\":0,\"input_length\":5,\"output_length\":2,\"outputlength\":1}\n")), "t");
        TraceText.All(reader);
        Assert.Equal(["t:1:51: warning W160: unknown key \"outputlength\" is not used; did you mean \"output_length\"?"], reader.Warnings);
    }

    [Fact]
    public void Zero_tokens_are_dropped_and_counted_or_lifted()
    {
        using var drop = TraceFile.Open(new MemoryStream(Encoding.UTF8.GetBytes(Vidur + "0,1,0\n1,0,0\n2,1,1\n")), "t");
        Assert.Single(TraceText.All(drop));
        Assert.Equal(2, drop.Counts.Dropped["zero tokens (W101)"]);
        Assert.Equal("t:2: warning W101: num_decode_tokens is 0; such records are dropped and counted", Assert.Single(drop.Warnings));
        Assert.Equal([(1, 1), (1, 1)], TraceText.Read(Vidur + "0,1,0\n1,0,0\n", new() { ZeroTokens = ZeroTokens.Lift }).Select(record => (record.InputTokens, record.OutputTokens)));
    }

    [Fact]
    public void An_order_window_sorts_and_keeps_ties_in_file_order()
    {
        var records = TraceText.Read(Vidur + "5,1,1\n4,2,1\n4,3,1\n9,4,1\n7,5,1\n7,6,1\n", new() { Order = TraceOrder.Parse("window:2") });
        Assert.Equal([2, 3, 1, 5, 6, 4], records.Select(record => record.InputTokens));
    }

    [Theory]
    [InlineData("0", 9, 0)]
    [InlineData("1.5", 9, 1_500_000_000)]
    [InlineData(".5", 9, 500_000_000)]
    [InlineData("0.0000000005", 9, 0)]
    [InlineData("0.0000000015", 9, 2)]
    [InlineData("0.00000000050000000000000001", 9, 1)]
    [InlineData("1777142838.338653", 9, 1_777_142_838_338_653_000)]
    [InlineData("2.5e-3", 9, 2_500_000)]
    [InlineData("0.1e1", 6, 1_000_000)]
    [InlineData("98.12345600000001", 9, 98_123_456_000)]
    [InlineData("1e-999999999999", 9, 0)]
    [InlineData("0e999999999999", 9, 0)]
    public void Times_are_exact_to_the_nanosecond_and_round_half_to_even(string text, int unit, long expected)
    {
        Assert.Equal(NumberVerdict.Good, NumberText.ParseTime(Encoding.UTF8.GetBytes(text), unit, out var value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("1e")]
    [InlineData("1.2.3")]
    [InlineData("1,5")]
    [InlineData("0x10")]
    [InlineData("1_000")]
    [InlineData("--1")]
    public void Text_that_only_looks_like_a_number_is_refused(string text)
    {
        Assert.Equal(NumberVerdict.NotANumber, NumberText.ParseTime(Encoding.UTF8.GetBytes(text), 9, out _));
        Assert.Equal(NumberVerdict.NotANumber, NumberText.ParseInteger(Encoding.UTF8.GetBytes(text), out _));
    }

    [Fact]
    public void Fields_quoted_and_joined_are_split_into_the_same_fields()
    {
        var random = new RandomStream(3, "csv");
        string[] pieces = ["a", "", "1,2", "say \"x\"", "\"", " b ", ",", "é"];
        for (var round = 0; round < 500; round++)
        {
            var fields = Enumerable.Range(0, 1 + random.NextInt(5)).Select(_ => pieces[random.NextInt(pieces.Length)]).ToArray();
            var text = string.Join(',', fields.Select(field => field.AsSpan().ContainsAny(',', '"') ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field));
            var line = Encoding.UTF8.GetBytes(text);
            var ours = new CsvFields();
            Assert.True(ours.TrySplit(line));
            var split = Enumerable.Range(0, ours.Count).Select(i => Encoding.UTF8.GetString(ours.Get(line, i))).ToArray();
            Assert.Equal(fields, split);
        }
    }
}
