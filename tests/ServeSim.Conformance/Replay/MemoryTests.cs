using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ServeSim.Abstractions;

namespace ServeSim.Conformance.Replay;

/// <summary>Resident memory follows the requests in flight, not the length of the trace.</summary>
public sealed class MemoryTests : IDisposable
{
    private const int ShortTrace = 15_000;
    private const double AllowedGrowth = 1.10;
    private readonly string _folder = Directory.CreateTempSubdirectory("servesim-memory-").FullName;

    [Fact]
    public void A_ten_times_longer_trace_at_the_same_load_takes_the_same_memory()
    {
        var shortRun = PeakMemoryBytes(ShortTrace);
        var longRun = PeakMemoryBytes(10 * ShortTrace);
        Assert.True(longRun <= AllowedGrowth * shortRun, $"{longRun / 1e6:F1} MB for the long trace, {shortRun / 1e6:F1} MB for the short one");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private long PeakMemoryBytes(int requests)
    {
        var trace = Path.Combine(_folder, $"{requests}.csv");
        WriteTrace(trace, requests);
        var output = Path.Combine(_folder, $"out-{requests}");
        var program = Path.Combine(AppContext.BaseDirectory, "servesim.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            ["exec", program, "run", "--trace", trace, "--cost", "linear:4,0.02,0.01,0,0", "--out", output, "--quiet"]) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        using var environment = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "environment.json")));
        return environment.RootElement.GetProperty("peak_memory_bytes").GetInt64();
    }

    private static void WriteTrace(string path, int requests)
    {
        var random = new RandomStream(3, "memory");
        var text = new StringBuilder("arrived_at,num_prefill_tokens,num_decode_tokens\n");
        double time = 0;
        for (var i = 0; i < requests; i++)
        {
            time += random.NextExponential() / 10;
            text.Append(CultureInfo.InvariantCulture, $"{time:F6},{100 + random.NextInt(400)},{10 + random.NextInt(60)}\n");
        }

        File.WriteAllText(path, text.ToString());
    }
}
