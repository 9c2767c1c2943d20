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

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        using var app = new ServeSim.Cli.AppContext(output, error, false, false);
        var code = SimulatorApp.Run(args, app);
        return (code, output.ToString(), error.ToString());
    }
}
