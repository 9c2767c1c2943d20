using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Calibration.Prediction;
using ServeSim.CostModels.Calibration.Profiles;
using ServeSim.CostModels.Hardware;

namespace ServeSim.Tests.CostModels;

/// <summary>Fitting known constants back, and refusing profiles that cannot be fitted.</summary>
public sealed class CalibratorTests
{
    private const string GemmHeader = "gpu,dtype,m,n,k,us\n";

    public static TheoryData<string, string, string> BadProfiles => new()
    {
        { "nothing at all", "", "is empty" },
        { "a missing column", "gpu,dtype,m,n,us\nh100-sxm,bf16,1,2,3\n", "also needs k" },
        { "a negative time", GemmHeader + "h100-sxm,bf16,1,512,512,-3\n", "line 2: the time is -3; it must be positive" },
        { "a zero time", GemmHeader + "h100-sxm,bf16,1,512,512,0\n", "must be positive" },
        { "text for a number", GemmHeader + "h100-sxm,bf16,1,512,x,3\n", "line 2: k is \"x\"" },
        { "a field too few", GemmHeader + "h100-sxm,bf16,1,512\n", "line 2: 4 fields where the header names 6" },
        { "a column twice", "gpu,gpu,m\n", "appears twice" },
        { "an unknown device", GemmHeader + "h100-smx,bf16,1,512,512,3\n", "did you mean \"h100-sxm\"?" },
        { "one shape only", GemmHeader + Rows(shapes: 1, sizes: 20), "one shape only" },
        { "one size only", GemmHeader + Rows(shapes: 20, sizes: 1), "1 different sizes" },
        { "too few rows", GemmHeader + Rows(shapes: 2, sizes: 2), "4 rows, at least 12 are needed" },
        { "contradictions only", GemmHeader + Rows(shapes: 4, sizes: 8) + Rows(shapes: 4, sizes: 8, factor: 2), "contradict each other" },
    };

    [Theory, MemberData(nameof(BadProfiles))]
    public void A_bad_profile_is_refused_with_the_reason(string because, string text, string message)
    {
        var error = Assert.Throws<InputException>(() =>
        {
            var calibrator = new Calibrator();
            calibrator.Add(ProfileTable.Read("bad.csv", new StringReader(text)));
            calibrator.Fit("2026-01-01", []);
        });
        Assert.True(error.Message.Contains(message, StringComparison.Ordinal), $"{because}: {error.Message}");
    }

    [Fact]
    public void Contradictory_rows_are_left_out_with_a_note_and_the_rest_is_fitted()
    {
        var text = GemmHeader + Rows(shapes: 6, sizes: 12) + "h100-sxm,bf16,1,1024,4096,9999\n";
        var calibrator = new Calibrator();
        calibrator.Add(ProfileTable.Read("gemm.csv", new StringReader(text)));
        var entry = calibrator.Fit("2026-01-01", ["test"]).Find("vllm", "h100-sxm", "gemm-bf16")!;
        Assert.Contains(calibrator.Notes, note => note.Contains("2 rows contradict each other", StringComparison.Ordinal));
        Assert.Equal(71, entry.Rows);
        Assert.True(entry.Fit.Mean < 0.01);
    }

    [Fact]
    public void Known_constants_are_found_again_written_read_and_predicted()
    {
        var set = Fit();
        var entry = set.Find("vllm", "h100-sxm", "gemm-bf16")!;
        Assert.Equal(3.77, entry["t0_us"], 0.05);
        Assert.Equal(0.8158, entry["ec"], 0.005);
        Assert.Equal(0.8741, entry["eb"], 0.005);
        Assert.Equal(3.64, entry["p"], 0.1);

        // 112 rows cannot tell tiles: they stay out.
        Assert.Equal((0.0, 1.0, 0.0), (entry["waves"], entry["traffic"], entry["edge"]));
        using var stream = new MemoryStream();
        set.Write(stream);
        var read = CoefficientSet.Read(new MemoryStream(stream.ToArray()), "memory");
        Assert.Equal(entry.Values, read.Find("vllm", "h100-sxm", "gemm-bf16")!.Values);
        var grid = ProfileTable.Read("grid.csv", new StringReader("id,task,gpu,dtype,m,n,k\n7,gemm,h100-sxm,bf16,2048,28672,4096\n"));
        Assert.InRange(new GridPredictor(read).Microseconds(grid, 0) / 600.55, 0.99, 1.01);
    }

    [Fact]
    public void The_same_profile_gives_the_same_bytes_in_any_order()
    {
        byte[] Bytes(bool reversed)
        {
            var rows = Rows(shapes: 6, sizes: 12).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            if (reversed) Array.Reverse(rows);
            var calibrator = new Calibrator();
            calibrator.Add(ProfileTable.Read("gemm.csv", new StringReader(GemmHeader + string.Join('\n', rows) + "\n")));
            using var stream = new MemoryStream();
            calibrator.Fit("2026-01-01", ["test"]).Write(stream);
            return stream.ToArray();
        }

        Assert.Equal(Bytes(false), Bytes(true));
    }

    [Fact]
    public void A_file_of_another_layout_is_no_coefficients_file()
    {
        foreach (var text in new[] { "{}", "[1]", "no json", "{\"schema\":\"servesim coefficients v3\"}" })
            Assert.Throws<InputException>(() => CoefficientSet.Read(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)), "x.json"));
    }

    [Theory]
    [InlineData("gem,h100-sxm,,1", "did you mean \"gemm\"?")]
    [InlineData("gemm,h100-sxm,,", "m is \"\"")]
    [InlineData("gemm,h100-smx,,1", "h100-sxm")]
    [InlineData("layer_op,h100-sxm,lama,1", "unknown model")]
    public void A_row_that_cannot_be_predicted_says_why(string row, string message)
    {
        var grid = ProfileTable.Read("grid.csv", new StringReader("task,gpu,model,m,n,k\n" + row + ",64,64\n"));
        Assert.Contains(message, Assert.Throws<InputException>(() => new GridPredictor(CoefficientSet.Shipped).Microseconds(grid, 0)).Message, StringComparison.Ordinal);
    }

    private static CoefficientSet Fit()
    {
        var calibrator = new Calibrator();
        calibrator.Add(ProfileTable.Read("gemm.csv", new StringReader(GemmHeader + Rows(shapes: 8, sizes: 14))));
        return calibrator.Fit("2026-01-01", ["test"]);
    }

    private static string Rows(int shapes, int sizes, double factor = 1)
    {
        var law = new GemmLaw(3.77, 0.8158, 0.8741, 3.64);
        var device = DeviceRates.Of(AcceleratorCatalog.Get("h100-sxm"));
        var text = "";
        for (var s = 0; s < shapes; s++)
        {
            for (var i = 0; i < sizes; i++)
            {
                double m = 1 << i, n = 1024 * (s + 1), k = 4096;
                text += string.Create(CultureInfo.InvariantCulture, $"h100-sxm,bf16,{m},{n},{k},{factor * law.Microseconds(m, n, k, 2, 2, device):0.0000}\n");
            }
        }

        return text;
    }
}
