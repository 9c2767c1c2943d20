using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Writers;

namespace ServeSim.Tests.Reporting;

public sealed class WorkedExampleTests
{
    private static readonly RunSummary Summary = RunScript.WorkedExample().Measure();

    public static TheoryData<string, double> Fields => new()
    {
        { "duration", 2.4 }, { "completed", 4 }, { "failed", 1 }, { "num_prompts", 5 },
        { "total_input_tokens", 65 }, { "total_output_tokens", 10 },
        { "request_throughput", 1.6666667 }, { "output_throughput", 4.1666667 }, { "total_token_throughput", 31.25 },
        { "request_goodput", 0.8333333 },
        { "mean_ttft_ms", 400 }, { "median_ttft_ms", 450 }, { "std_ttft_ms", 122.474487 }, { "p90_ttft_ms", 500 }, { "p99_ttft_ms", 500 },
        { "mean_tpot_ms", 233.333333 }, { "median_tpot_ms", 100 }, { "std_tpot_ms", 188.561808 }, { "p90_tpot_ms", 420 }, { "p99_tpot_ms", 492 },
        { "mean_itl_ms", 166.666667 }, { "median_itl_ms", 100 }, { "std_itl_ms", 151.840560 }, { "p90_itl_ms", 325 }, { "p99_itl_ms", 482.5 },
        { "mean_e2el_ms", 650 }, { "median_e2el_ms", 600 }, { "std_e2el_ms", 259.807621 }, { "p90_e2el_ms", 940 }, { "p99_e2el_ms", 994 },
        { "max_output_tokens_per_s", 5 }, { "max_concurrent_requests", 2 },
    };

    [Theory, MemberData(nameof(Fields))]
    public void The_summary_file_has_every_figure_under_the_benchmark_name(string field, double expected)
    {
        using var json = Json(Summary);
        Assert.Equal(expected, json.RootElement.GetProperty(field).GetDouble(), 5e-7);
    }

    [Fact]
    public void Good_are_the_one_token_request_and_the_fast_one()
    {
        var slo = Summary.Slo!;
        Assert.Equal(2, slo.Good);
        Assert.Equal(0.4, slo.Attainment, 12);
        Assert.Equal(0.5, slo.AttainmentOfFinished!.Value, 12);
        Assert.Equal(1, slo.OneTokenOutputsUnderTpotLimit);
        Assert.Equal(4 / 2.4, slo.TokenGoodput!.Value, 12);
    }

    [Fact]
    public void Strict_token_goodput_counts_tokens_and_not_requests()
    {
        // Limits 450 + 200 (i - 1) ms. A: 500 late, 600 <= 650, 750 <= 850, 800 in time. B: 400. C: 200 to 400. E: 500 late, 1000 late.
        Assert.Equal(7 / 2.4, Summary.Slo!.StrictTokenGoodput!.Value, 12);
    }

    [Fact]
    public void E2e_is_ttft_plus_all_gaps_to_the_nanosecond()
    {
        var records = new Gaps();
        RunScript.WorkedExample().Play(records);
        Assert.Equal(records.E2e, records.Ttft + records.Sum);
        Assert.NotEqual(0, records.Sum);
    }

    [Fact]
    public void Same_run_same_bytes()
    {
        Assert.Equal(Bytes(RunScript.WorkedExample().Measure()), Bytes(Summary));
    }

    internal static byte[] Bytes(RunSummary summary, bool isPartial = false)
    {
        using var stream = new MemoryStream();
        SummaryJson.Write(stream, summary, RunScript.Description(isPartial));
        return stream.ToArray();
    }

    internal static JsonDocument Json(RunSummary summary, bool isPartial = false) => JsonDocument.Parse(Bytes(summary, isPartial));

    private sealed class Gaps : IRunObserver
    {
        public long Sum { get; private set; }
        public long Ttft { get; private set; }
        public long E2e { get; private set; }

        public void OnTokenGaps(SimDuration gap, long count) => Sum += gap.Nanoseconds * count;

        public void OnRequestEnded(in RequestRecord request)
        {
            if (request.Outcome != RequestOutcome.Finished) return;
            Ttft += request.Ttft!.Value.Nanoseconds;
            E2e += request.E2e!.Value.Nanoseconds;
        }
    }
}
