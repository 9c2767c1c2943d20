using ServeSim.Cli;
using ServeSim.Conformance.Support;

namespace ServeSim.Conformance.Replay;

/// <summary>Every supplied request trace replays, whole, through the command line; the same command twice gives the same bytes.</summary>
public sealed class RealTraceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("servesim-replay-").FullName;

    public static TheoryData<string, string[]> Traces => new()
    {
        { "azure2023/AzureLLMInferenceTrace_code.part1.csv", [] },
        { "azure2023/AzureLLMInferenceTrace_conv.part1.csv", [] },
        { "azure2024/AzureLLMInferenceTrace_code_1week.rows10.csv", [] },
        { "azure2024/AzureLLMInferenceTrace_conv_1week.rows10.csv", [] },
        { "azure2025_multimodal/AzureLMMInferenceTrace_multimodal.rows10.csv", [] },
        { "burstgpt/BurstGPT_1.head30.csv", [] },
        { "mooncake/conversation_trace.head200.jsonl", [] },
        { "mooncake/conversation_trace.part1.jsonl.gz", [] },
        { "vidur/splitwise_code.part1.csv", [] },
        { "vidur/splitwise_conv.part1.csv", [] },
        { "measured/vllm_requests_rtxpro6000_llama-3.1-8b.jsonl", [] },
        { "lengths/arxiv_summarization_stats_llama2_tokenizer_filtered_v2.csv.gz", ["--arrivals", "poisson:4", "--limit", "3000"] },
        { "lengths/sharegpt_8k_filtered_stats_llama2_tokenizer.csv.gz", ["--arrivals", "poisson:4", "--limit", "3000"] },
    };

    [SkippableTheory, MemberData(nameof(Traces))]
    public void A_supplied_trace_replays_whole_and_reproducibly(string trace, string[] more)
    {
        var path = SharedFolder.PathOf($"traces/{trace}");
        foreach (var policy in (string[])["vllm-v1", "sarathi"])
        {
            string[] outputs = [Path.Combine(_folder, $"{policy}-1"), Path.Combine(_folder, $"{policy}-2")];
            foreach (var output in outputs)
                Assert.Equal(0, SimulatorApp.Run(["run", "--trace", path, "--gpu", "a100-80-sxm", "--policy", policy, "--out", output, "--quiet", .. more]));
            foreach (var file in (string[])["requests.csv", "summary.json", "scenario.yaml"])
                Assert.Equal(File.ReadAllBytes(Path.Combine(outputs[0], file)), File.ReadAllBytes(Path.Combine(outputs[1], file)));

            var statuses = File.ReadLines(Path.Combine(outputs[0], "requests.csv")).Skip(1).Select(line => line[(line.LastIndexOf(',') + 1)..]).ToList();
            Assert.NotEmpty(statuses);
            Assert.All(statuses, status => Assert.Equal("finished", status));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
