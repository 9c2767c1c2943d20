using System.Text;
using ServeSim.Abstractions;
using ServeSim.Workloads;
using ServeSim.Workloads.Statistics;
using Xunit.Abstractions;

namespace ServeSim.Tests.Workloads;

public sealed class SuppliedTraceTests(ITestOutputHelper output)
{
    public static TheoryData<string, string, long, long, long, long> Figures => new()
    {
        { "azure2023/AzureLLMInferenceTrace_code.part1.csv", "azure", 5353, 10_857_844, 147_291, 1_705_797_496_000 },
        { "azure2023/AzureLLMInferenceTrace_conv.part1.csv", "azure", 9739, 12_049_382, 2_155_198, 1_750_845_894_000 },
        { "mooncake/conversation_trace.part1.jsonl.gz", "mooncake", 5606, 72_511_056, 1_937_157, 1_767_000_000_000 },
        { "mooncake/conversation_trace.head200.jsonl", "mooncake", 200, 2_782_179, 71_379, 72_000_000_000 },
        { "burstgpt/BurstGPT_1.head30.csv", "burstgpt", 29, 17_722, 10_280, 2_293_000_000_000 },
        { "lengths/sharegpt_8k_filtered_stats_llama2_tokenizer.csv.gz", "lengths", 30_731, 71_911_571, 13_481_988, -1 },
        { "lengths/arxiv_summarization_stats_llama2_tokenizer_filtered_v2.csv.gz", "lengths", 28_257, 73_131_321, 8_234_948, -1 },
    };

    [SkippableTheory, MemberData(nameof(Figures))]
    public void Counts_sums_and_last_arrival_are_the_published_ones(string file, string format, long records, long input, long outputTokens, long last)
    {
        using var reader = TraceFile.Open(SharedFiles.Path("traces", file));
        var read = TraceText.All(reader);
        Assert.Equal(format, reader.Format);
        Assert.Equal(records, read.Count);
        Assert.Equal(input, read.Sum(record => (long)record.InputTokens));
        Assert.Equal(outputTokens, read.Sum(record => (long)record.OutputTokens));
        Assert.Equal(last, read[^1].Arrival?.Nanoseconds ?? -1);
        foreach (var warning in reader.Warnings) output.WriteLine(warning);
    }

    [SkippableTheory, InlineData("code"), InlineData("conv")]
    public void The_azure_and_the_vidur_file_of_one_slice_are_the_same(string slice)
    {
        using var azure = TraceFile.Open(SharedFiles.Path("traces", "azure2023", $"AzureLLMInferenceTrace_{slice}.part1.csv"));
        using var vidur = TraceFile.Open(SharedFiles.Path("traces", "vidur", $"splitwise_{slice}.part1.csv"));
        Assert.Equal("vidur", vidur.Format);
        Assert.Equal(Microseconds(TraceText.All(vidur)), Microseconds(TraceText.All(azure)));

        static List<(long, int, int)> Microseconds(List<TraceRecord> records) => records.ConvertAll(record =>
            ((long)Math.Round(record.Arrival!.Value.Nanoseconds / 1000m, MidpointRounding.ToEven), record.InputTokens, record.OutputTokens));
    }

    [SkippableTheory]
    [InlineData("azure2024/AzureLLMInferenceTrace_code_1week.rows10.csv", 10)]
    [InlineData("azure2024/AzureLLMInferenceTrace_conv_1week.rows10.csv", 10)]
    [InlineData("azure2025_multimodal/AzureLMMInferenceTrace_multimodal.rows10.csv", 10)]
    [InlineData("measured/vllm_requests_rtxpro6000_llama-3.1-8b.jsonl", 300)]
    public void Other_supplied_files_read_without_a_warning(string file, int records)
    {
        using var reader = TraceFile.Open(SharedFiles.Path("traces", file));
        var read = TraceText.All(reader);
        Assert.Equal(records, read.Count);
        Assert.Equal(SimTime.Zero, read[0].Arrival);
        Assert.Empty(reader.Warnings);
    }

    [SkippableFact]
    public void A_measured_log_counts_from_its_first_arrival_to_the_digit()
    {
        using var reader = TraceFile.Open(SharedFiles.Path("traces", "measured", "vllm_requests_rtxpro6000_llama-3.1-8b.jsonl"));
        var read = TraceText.All(reader);
        Assert.Equal(285_059_300, read[1].Arrival!.Value.Nanoseconds);    // ….6237123 - ….338653
        Assert.Contains(new("x_queued_ts", "479748.340626232"), read[0].Extras!);
    }

    [SkippableTheory]
    [InlineData("azure2024/code_rate_10min.digitised.csv", "T010")]
    [InlineData("azure2024/code_input_cdf.digitised.csv", "T010")]
    [InlineData("measured/vllm_timeseries_rtxpro6000_llama-3.1-8b.csv", "T010")]
    [InlineData("measured/vllm_meta_rtxpro6000_llama-3.1-8b.json", "T01")]
    [InlineData("servegen/mm-image.tar.gz", "generator")]
    [InlineData("fits/prefix.json", "T010")]
    public void Files_that_are_no_traces_are_refused(string file, string code)
    {
        var path = SharedFiles.Path("traces", file);
        Assert.Contains(code, TraceText.Refused(() => TraceFile.Open(path).Dispose()).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Mooncake_prefix_references_are_the_published_ones()
    {
        using var reader = TraceFile.Open(SharedFiles.Path("traces", "mooncake", "conversation_trace.part1.jsonl.gz"));
        var statistics = new TraceStatistics();
        while (reader.TryRead(out var record)) statistics.Add(record);
        Assert.Equal(144_280, statistics.HashReferences);
        Assert.Equal(95_189, statistics.DistinctHashIds);
        Assert.True(statistics.DistinctIsExact);
    }

    public static TheoryData<string, double, double, double, double, double> Shapes => new()
    {
        { "code", 3.14, 13.6, 14, 78, 191 },
        { "conv", 5.56, 1.07, 1.3, 3.1, 12.5 },
    };

    [SkippableTheory, MemberData(nameof(Shapes))]
    public void Rate_and_burstiness_agree_with_the_published_table(string slice, double rate, double cv, double idc1, double idc10, double idc60)
    {
        using var reader = TraceFile.Open(SharedFiles.Path("traces", "azure2023", $"AzureLLMInferenceTrace_{slice}.part1.csv"));
        var statistics = new TraceStatistics();
        while (reader.TryRead(out var record)) statistics.Add(record);
        output.WriteLine($"{statistics.Rate} {statistics.GapCv} {statistics.Idc1} {statistics.Idc10} {statistics.Idc60}");
        Assert.InRange(statistics.Rate, rate * 0.99, rate * 1.01);
        Assert.InRange(statistics.GapCv, cv * 0.99, cv * 1.01);
        Assert.InRange(statistics.Idc1, idc1 * 0.93, idc1 * 1.07);
        Assert.InRange(statistics.Idc10, idc10 * 0.93, idc10 * 1.07);
        Assert.InRange(statistics.Idc60, idc60 * 0.9, idc60 * 1.1);
    }

    [SkippableTheory]
    [InlineData("azure2023/AzureLLMInferenceTrace_conv.part1.csv", TraceWriteFormat.Azure)]
    [InlineData("azure2023/AzureLLMInferenceTrace_conv.part1.csv", TraceWriteFormat.Vidur)]
    [InlineData("mooncake/conversation_trace.part1.jsonl.gz", TraceWriteFormat.Mooncake)]
    [InlineData("mooncake/conversation_trace.part1.jsonl.gz", TraceWriteFormat.Csv)]
    [InlineData("mooncake/conversation_trace.part1.jsonl.gz", TraceWriteFormat.Jsonl)]
    [InlineData("measured/vllm_requests_rtxpro6000_llama-3.1-8b.jsonl", TraceWriteFormat.Csv)]
    [InlineData("measured/vllm_requests_rtxpro6000_llama-3.1-8b.jsonl", TraceWriteFormat.Jsonl)]
    public void A_supplied_file_survives_writing_and_reading(string file, TraceWriteFormat format)
    {
        using var reader = TraceFile.Open(SharedFiles.Path("traces", file));
        var read = TraceText.All(reader);
        var written = TraceText.Written(read, format);
        var again = TraceText.Read(written);
        Assert.Equal(read, again);
        Assert.Equal(written, TraceText.Written(again, format));
    }

    [SkippableFact]
    public void A_million_azure_rows_are_read()
    {
        Skip.If(SharedFiles.Folder is null);
        var row = Encoding.UTF8.GetBytes("2023-11-16 18:15:46.6805900,374,44\r\n");
        var text = new MemoryStream();
        text.Write("TIMESTAMP,ContextTokens,GeneratedTokens\r\n"u8);
        for (var i = 0; i < 1_000_000; i++) text.Write(row);
        text.Position = 0;
        using var reader = TraceFile.Open(text, "rows");
        long count = 0;
        while (reader.TryRead(out _)) count++;
        Assert.Equal(1_000_000, count);
    }
}
