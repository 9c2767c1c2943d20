using System.Globalization;
using ServeSim.Cli;

namespace ServeSim.Tests.Cli;

/// <summary>From measurements to coefficients, predictions and their errors, through the command line.</summary>
public sealed class CalibrationCommandTests
{
    [Fact]
    public void A_profile_is_fitted_predicted_and_validated()
    {
        var folder = Directory.CreateTempSubdirectory("servesim-calibrate");
        try
        {
            string At(string name) => Path.Combine(folder.FullName, name);
            var profile = "gpu,dtype,m,n,k,us\n";
            for (var m = 1; m <= 8192; m *= 2)
            {
                // 3 µs, 80 % of the memory, 70 % of the tensor rate.
                foreach (var n in new[] { 2048.0, 8192, 28672 })
                {
                    var (memory, compute) = (2 * ((n * 4096) + (4096.0 * m) + (n * m)) / (0.8 * 3.35e6), 2 * m * n * 4096 / (0.7 * 989.4e6));
                    profile += string.Create(CultureInfo.InvariantCulture, $"h100-sxm,bf16,{m},{n},4096,{3 + Math.Max(memory, compute):0.000}\n");
                }
            }

            File.WriteAllText(At("gemm.csv"), profile);
            File.WriteAllText(At("grid.csv"), "id,task,gpu,dtype,m,n,k,ms\na,gemm,h100-sxm,bf16,64,4096,4096,0.01615\nb,gem,h100-sxm,bf16,64,4096,4096,1\n");
            var (code, table, _) = Run("calibrate", At("gemm.csv"), "--out", At("c.json"), "--date", "2026-01-01");
            Assert.Equal(0, code);
            Assert.Contains("gemm-bf16", table, StringComparison.Ordinal);

            var predict = Run("cost", "predict", "--grid", At("grid.csv"), "--out", At("out.csv"), "--coefficients", At("c.json"));
            Assert.Equal(0, predict.Code);
            Assert.Contains("grid.csv line 3: unknown task \"gem\"; did you mean \"gemm\"?", predict.Error, StringComparison.Ordinal);
            Assert.Contains("1 of 2 rows could not be predicted", predict.Error, StringComparison.Ordinal);
            var lines = File.ReadAllLines(At("out.csv"));
            Assert.Equal("id,ms", lines[0]);
            Assert.InRange(double.Parse(lines[1].Split(',')[1], CultureInfo.InvariantCulture) / 0.01615, 0.95, 1.05);
            Assert.Equal("b,", lines[2]);
            Assert.Equal(1, Run("cost", "predict", "--grid", At("grid.csv"), "--out", At("out.csv"), "--coefficients", At("c.json"), "--strict").Code);

            var accuracy = Run("cost", "accuracy", At("gemm.csv"), "--coefficients", At("c.json"));
            Assert.Equal(0, accuracy.Code);
            Assert.Contains("not seen by the constants", accuracy.Output, StringComparison.Ordinal);
            Assert.Equal(0, Run("cost", "accuracy", At("gemm.csv"), "--coefficients", At("c.json"), "--json").Code);

            var validate = Run("cost", "validate", At("grid.csv"), "--coefficients", At("c.json"), "--plot", At("s.svg"));
            Assert.Equal(0, validate.Code);
            Assert.Contains("MAPE", validate.Output, StringComparison.Ordinal);
            Assert.StartsWith("<svg", File.ReadAllText(At("s.svg")), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_profile_that_cannot_be_fitted_is_refused()
    {
        var (code, output, error) = Run("calibrate", "no-such.csv", "--out", "c.json");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("no-such.csv: cannot be read", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_measured_iterations_scale_the_constants_and_a_run_names_them()
    {
        var folder = Directory.CreateTempSubdirectory("servesim-scale");
        try
        {
            var file = Path.Combine(folder.FullName, "ours.json");
            string[] measured = ["--gpu", "rtx-4090", "--model", "llama-3.1-8b", "--decode", "16x4096=25.1", "--prefill", "2048=208"];
            var (code, table, _) = Run(["calibrate", .. measured, "--out", file]);
            Assert.Equal(0, code);
            Assert.Contains("dense work x", table, StringComparison.Ordinal);

            // The very iterations take what they were measured to take.
            Assert.InRange(Nanoseconds("--decode", "16x4096"), 25_097_500, 25_102_500);
            Assert.InRange(Nanoseconds("--prefill", "2048"), 207_980_000, 208_020_000);
            long Nanoseconds(params string[] batch) => long.Parse(
                Run(["cost", "--gpu", "rtx-4090", "--coefficients", file, .. batch, "--json"]).Output.Split("\"total_ns\":")[1].Split(',')[0].Trim(), CultureInfo.InvariantCulture);

            // A scenario takes a file beside it, whatever the working folder is.
            var scenario = Path.Combine(folder.FullName, "scenario.yaml");
            File.WriteAllText(scenario, "gpu: rtx-4090\ncoefficients: ours.json\n");
            var run = Run("run", scenario, "--limit", "3");
            Assert.Equal(0, run.Code);
            Assert.Contains("by iterations measured with llama-3.1-8b, tp 1, bf16 (decode 16x4096 25.1 ms, prefill 2048 208 ms)", run.Output, StringComparison.Ordinal);
            Assert.Equal(2, Run("run", scenario, "--limit", "3", "--cost", "roofline:f2").Code);
            Assert.Contains("nowhere.json: cannot be read", Run("run", "--coefficients", "nowhere.json").Error, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("--decode 16x4096=25", "--prefill is missing")]
    [InlineData("--decode 16x4096=25", "--gpu is missing")]
    [InlineData("--gpu rtx-4090", "nothing to calibrate from")]
    [InlineData("--gpu rtx-4090 --model llama-3.1-8b --decode 16x4096=25 --prefill 2048=fast", "--prefill 2048=fast: must end in = and the measured milliseconds")]
    [InlineData("--gpu rtx-4090 --model llama-3.1-8b --decode 16x4096=25 --prefill 2048", "--prefill 2048: must end in = and the measured milliseconds")]
    [InlineData("--gpu rtx-4090 --model llama-3.1-8b --decode 16=25 --prefill 2048=208", "--decode 16: must be COUNTxCONTEXT")]
    [InlineData("--gpu rtx-4090 --model llama-3.1-8b --decode 16x4096=25100 --prefill 2048=208000", "Times must be milliseconds of one iteration")]
    [InlineData("--gpu rtx-4090 --model llama-3.1-8b --decode 1x16=20 --prefill 64=21", "cannot tell attention from the rest")]
    [InlineData("--gpu rtx4090 --model llama-3.1-8b --decode 16x4096=25 --prefill 2048=208", "did you mean \"rtx-4090\"?")]
    public void Measured_iterations_that_cannot_be_used_are_refused(string arguments, string reason)
    {
        var file = Path.Combine(Path.GetTempPath(), "servesim-never-written.json");
        var (code, _, error) = Run(["calibrate", .. arguments.Split(' '), "--out", file]);
        Assert.Equal(2, code);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        using var app = new ServeSim.Cli.AppContext(output, error, false, false);
        var code = SimulatorApp.Run(args, app);
        return (code, output.ToString(), error.ToString());
    }
}
