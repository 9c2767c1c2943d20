using System.Diagnostics;

namespace ServeSim.Tests.Validation;

/// <summary>The capture script's path without a GPU; skipped where no Python is installed, for nothing else needs one.</summary>
public sealed class ProfileCaptureTests : IDisposable
{
    private const string Header = "schema,group,gpu,engine,kernel,mode,dtype,tp,model,op,m,n,k,q_heads,kv_heads,head_dim,batch,chunk,past,n_decode,ctx,ranks,devices_per_node,bytes,us,us_iqr,calls,status";
    private readonly string _folder = Directory.CreateTempSubdirectory("servesim-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public void A_capture_that_was_killed_goes_on_and_has_every_point_once()
    {
        var csv = Path.Combine(_folder, "profile.csv");
        Assert.Equal(0, Capture("--cpu-test", "--limit", "7", "--out", csv));
        File.AppendAllText(csv, "profile-v1,gemm,cpu,py");    // what a kill leaves
        Assert.Equal(0, Capture("--cpu-test", "--out", csv));
        var lines = File.ReadAllLines(csv);
        Assert.Equal(Header, lines[0]);
        Assert.All(lines[1..], line => Assert.Equal(Header.Split(',').Length, line.Split(',').Length));
        Assert.Equal(lines.Length - 1, lines[1..].Select(line => string.Join(',', line.Split(',')[9..24])).Distinct().Count());

        var length = lines.Length;
        Assert.Equal(0, Capture("--cpu-test", "--out", csv));
        Assert.Equal(length, File.ReadAllLines(csv).Length);

        // The importer understands every row, and takes none of them for a measurement.
        var calibrator = new ServeSim.CostModels.Calibration.Fitting.Calibrator();
        calibrator.Add(ServeSim.CostModels.Calibration.Profiles.ProfileTable.Read(csv));
        var refused = Assert.Throws<ServeSim.Abstractions.InputException>(() => calibrator.Fit("2026-01-01", ["test"]));
        Assert.Equal("nothing can be fitted", refused.Problems[0]);
        Assert.Contains(refused.Problems, problem => problem.Contains("timed on a CPU", StringComparison.Ordinal));
        Assert.Contains("not for constants", File.ReadAllText(Path.ChangeExtension(csv, "json")), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_file_that_is_no_capture_is_not_touched()
    {
        var csv = Path.Combine(_folder, "mine.csv");
        File.WriteAllText(csv, "a,b\n1,2\n");
        Assert.Equal(1, Capture("--cpu-test", "--out", csv));
        Assert.Equal("a,b\n1,2\n", File.ReadAllText(csv));
    }

    private static int Capture(params string[] arguments)
    {
        var script = System.AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(script, "Simulator.sln"))) script = Path.GetDirectoryName(script)!;
        var start = new ProcessStartInfo("python3", [Path.Combine(script, "benchmarks", "gpu-profile", "capture.py"), .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        Process? process = null;
        try
        {
            process = Process.Start(start);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Skip.If(true, "python3 is not installed");
        }

        using (process)
        {
            process!.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode;
        }
    }
}
