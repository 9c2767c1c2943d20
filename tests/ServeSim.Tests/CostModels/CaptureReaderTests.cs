using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Calibration.Profiles;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Roofline;

namespace ServeSim.Tests.CostModels;

/// <summary>Captures of benchmarks/gpu-profile as input of a calibration, and coefficients of some operators only.</summary>
public sealed class CaptureReaderTests
{
    private const string Header = "schema,group,gpu,engine,kernel,mode,dtype,tp,model,op,m,n,k,q_heads,kv_heads,head_dim,batch,chunk,past,n_decode,ctx,ranks,devices_per_node,bytes,us,us_iqr,calls,status";

    [Fact]
    public void A_capture_gives_the_constants_that_the_same_times_give_as_plain_profiles()
    {
        var (capture, gemm, decode) = (Header + "\n", "gpu,dtype,m,n,k,us\n", "gpu,q_heads,kv_heads,head_dim,n_decode,ctx,us\n");
        foreach (var (m, n, us) in Gemms())
        {
            capture += Row("gemm", "linear", $"{m},{n},4096,,,,,,,,,,,", us);
            gemm += Line($"h100-sxm,bf16,{m},{n},4096,{us:R}");
        }

        foreach (var n in new[] { 1, 4, 16, 64, 128 })
        {
            foreach (var ctx in new[] { 128, 512, 2048, 8192 })
            {
                var us = Math.Round(11 + (n * ctx * 4096.0 / (0.9 * 3.35e6)) + (n * 8 * 3 / 132.0), 3);
                capture += Row("attn_decode", "flash_attn-paged", $",,,32,8,128,,,,{n},{ctx},,,", us);
                decode += Line($"h100-sxm,32,8,128,{n},{ctx},{us:R}");
            }
        }

        // Each of these would move the constants.
        capture += Row("gemm", "linear", "64,4096,4096,,,,,,,,,,,", 400, status: "oom");
        capture += Row("gemm", "linear", "64,4096,4096,,,,,,,,,,,", 400, iqr: 200);
        capture += Row("gemm", "linear", "64,4096,4096,,,,,,,,,,,", 400, mode: "eager");
        capture += Row("attn_decode", "sdpa-rep-flash", ",,,32,8,128,,,,8,4096,,,", 4000);
        capture += Row("attn_decode", "flashinfer-paged", ",,,32,8,128,,,,8,4096,,,", 4000);
        capture += Row("elementwise", "compiled", "64,4096,,,,,,,,,,,,", 3, op: "norm");
        var (from, notes) = Fit(capture);
        var (plain, _) = Fit(gemm, decode);
        foreach (var op in new[] { "gemm-bf16", "attention-decode" }) Assert.Equal(plain.Find("vllm", "h100-sxm", op)!.Values, from.Find("vllm", "h100-sxm", op)!.Values);
        foreach (var reason in new[] { "1 rows with status oom", "1 rows whose quartiles", "1 rows timed without a graph", "(sdpa-rep)", "another kernel than the most frequent", "element-wise" })
            Assert.Contains(notes, note => note.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public void Collectives_of_a_capture_are_those_of_one_host()
    {
        var capture = Header + "\n";
        for (var power = 10; power < 28; power++) capture += Row("comm", "nccl", $",,,,,,,,,,,4,8,{1 << power}", 12 + ((1 << power) * 1.5 / 3e5), op: "all_reduce");
        var (set, _) = Fit(capture);
        Assert.NotNull(set.Find("vllm", "h100-sxm/node", "all_reduce/nccl/4/4"));
    }

    [Theory]
    [InlineData("cpu", "cpu", "timed on a CPU: they test the format only")]
    [InlineData("no-such-gpu", "linear", "unknown gpu \"no-such-gpu\"")]
    public void A_capture_without_a_known_gpu_is_refused(string gpu, string kernel, string reason)
    {
        var capture = Header + "\n";
        foreach (var (m, n, us) in Gemms()) capture += Row("gemm", kernel, $"{m},{n},4096,,,,,,,,,,,", us, gpu: gpu);
        Assert.Contains(reason, string.Join('\n', Assert.Throws<InputException>(() => Fit(capture)).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_capture_of_another_layout_is_refused()
    {
        var error = Assert.Throws<InputException>(() => Fit(Header + "\n" + Row("gemm", "linear", "64,4096,4096,,,,,,,,,,,", 20).Replace("profile-v1", "profile-v9", StringComparison.Ordinal)));
        Assert.Contains("the schema is \"profile-v9\"; allowed: profile-v1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Times_that_no_such_gpu_can_reach_are_left_out_and_named()
    {
        var text = "gpu,dtype,m,n,k,us\n";
        foreach (var (m, n, us) in Gemms()) text += Line($"h100-sxm,bf16,{m},{n},4096,{us:R}");
        var (whole, _) = Fit(text);
        var (same, notes) = Fit(text + "h100-sxm,bf16,1,28672,4096,5\nh100-sxm,bf16,4096,28672,4096,100\n");
        Assert.Equal(whole.Find("vllm", "h100-sxm", "gemm-bf16")!.Values, same.Find("vllm", "h100-sxm", "gemm-bf16")!.Values);
        Assert.Contains(notes, note => note.Contains("2 rows of h100-sxm, the first in line", StringComparison.Ordinal) && note.Contains("105 %", StringComparison.Ordinal));
    }

    [Fact]
    public void Formats_without_a_law_are_refused_not_taken_for_two_bytes() => Assert.Contains(
        "dtype is \"int8\"; allowed: bf16, fp8", Assert.Throws<InputException>(() => Fit("gpu,dtype,m,n,k,us\nh100-sxm,int8,64,4096,4096,9\n")).Message, StringComparison.Ordinal);

    [Fact]
    public void Coefficients_of_some_operators_stand_on_the_shipped_ones_and_reports_say_so()
    {
        var text = "gpu,dtype,m,n,k,us\n";
        foreach (var (m, n, us) in Gemms()) text += Line($"h100-sxm,bf16,{m},{n},4096,{1.5 * us:R}");
        var completed = Fit(text).Set.Completed();
        Assert.Contains("attention-prefill", completed.Borrowed);
        Assert.Same(CoefficientSet.Shipped, CoefficientSet.Shipped.Completed());
        double Time(string gpu, CoefficientSet? set) => new CalibratedCostModel(ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get(gpu), ParallelLayout.Single,
            CostOptions.KernelsOnly with { Coefficients = set }).IterationMicroseconds(Batch.Decodes(32, 1000).Sums());
        Assert.InRange(Time("h100-sxm", completed) / Time("h100-sxm", null), 1.2, 1.6);
        Assert.Equal(Time("b200", null), Time("b200", completed));    // its own, not the one device of the file
        var info = new CalibratedCostModel(ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single, CostOptions.Default with { Coefficients = completed }).Info;
        Assert.Contains("for what they lack", info.Source, StringComparison.Ordinal);
    }

    [Fact]
    public void Constants_far_from_the_shipped_ones_are_named()
    {
        string Times(double factor) => Gemms().Aggregate("gpu,dtype,m,n,k,us\n", (text, row) => text + Line($"h100-sxm,bf16,{row.M},{row.N},4096,{factor * row.Microseconds:R}"));
        Assert.Empty(UnlikeShipped.Of(Fit(Times(1)).Set));
        Assert.Contains(UnlikeShipped.Of(Fit(Times(3)).Set), note => note.StartsWith("gemm-bf16 of h100-sxm: ec is ", StringComparison.Ordinal) && note.Contains("shipped for h100-sxm", StringComparison.Ordinal));
        Assert.Empty(UnlikeShipped.Of(CoefficientSet.Shipped));
    }

    // 4 µs, 75 % of the memory, 70 % of the tensor rate of an H100.
    private static IEnumerable<(int M, int N, double Microseconds)> Gemms()
    {
        for (var m = 1; m <= 8192; m *= 2)
        {
            foreach (var n in new[] { 2048, 4096, 8192, 28672 })
            {
                var (memory, compute) = (2 * ((n * 4096.0) + (4096.0 * m) + ((double)n * m)) / (0.75 * 3.35e6), 2.0 * m * n * 4096 / (0.7 * 989.4e6));
                yield return (m, n, Math.Round(4 + Math.Max(memory, compute), 3));
            }
        }
    }

    private static string Row(string group, string kernel, string middle, double us, double iqr = 0.1, string status = "ok", string mode = "graph", string op = "x", string gpu = "h100-sxm") =>
        Line($"profile-v1,{group},{gpu},torch-2.9,{kernel},{mode},bf16,1,llama-3.1-8b,{op},{middle},{us:R},{iqr},5,{status}");

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture) + "\n";

    private static (CoefficientSet Set, IReadOnlyList<string> Notes) Fit(params string[] profiles)
    {
        var calibrator = new Calibrator();
        foreach (var text in profiles) calibrator.Add(ProfileTable.Read("capture.csv", new StringReader(text)));
        return (calibrator.Fit("2026-01-01", ["test"]), calibrator.Notes);
    }
}
