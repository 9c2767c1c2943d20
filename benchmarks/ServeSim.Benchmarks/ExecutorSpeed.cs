using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Routing;
using ServeSim.Reporting.Metrics;
using ServeSim.Workloads;

namespace ServeSim.Benchmarks;

/// <summary>
/// <c>speed TRACE [ROWS] [SECONDS] [POLICY]</c>: the simulation loop over the first rows of a trace, as requests and tokens per CPU-second and
/// as the ratio of fast to plain. The two take turns, each in processes of its own (<c>speed-of</c>), because code that both have run
/// is laid out for neither. The trace is read beforehand.
/// </summary>
internal static class ExecutorSpeed
{
    private const int Rounds = 2;

    private static readonly ClusterShape Shape = new(1, Fixtures.Blocks, 16, 131_072, 1, Fixtures.Cost);

    private static readonly (string Name, Func<IBatchPolicy> Make)[] Policies =
    [
        ("sarathi", () => new SarathiPolicy(new SarathiOptions())),
        ("vllm", () => new VllmPolicy(new VllmOptions(), Shape)),
        ("vllm-v1", () => new VllmV1Policy(new VllmV1Options())),
        ("fcfs", () => new FcfsPolicy(new FcfsOptions())),
    ];

    public static void Run(string[] args)
    {
        var rows = args.Length > 1 ? args[1] : "1000";
        var seconds = args.Length > 2 ? args[2] : "1";
        Console.WriteLine("| policy | instances | rate x | mean batch | plain req/s | fast req/s | fast tokens/s | fast iterations/s | ratio |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var (name, _) in Policies.Where(p => args.Length < 4 || p.Name == args[3]))
            foreach (var (instances, scale) in ((int, int)[])[(1, 1), (8, 1), (1, 3), (1, 5), (8, 24)])
            {
                var (plain, fast) = (default(Speed), default(Speed));
                for (var round = 0; round < Rounds; round++)
                {
                    plain = plain.Or(Child(EngineKind.Plain));
                    fast = fast.Or(Child(EngineKind.Fast));
                }

                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {name} | {instances} | {scale} | {fast.MeanBatch:F1} | {plain.Requests:N0} | {fast.Requests:N0} | {fast.Tokens:N0} | {fast.Iterations:N0} | {fast.Requests / plain.Requests:F1} |"));

                Speed Child(EngineKind kind) => Speed.Parse(Output("speed-of", args[0], rows, seconds, name, $"{instances}", $"{scale}", $"{kind}"));
            }
    }

    /// <summary>One executor in one setting, in this process: the best of as many runs as the seconds allow, after as long a warm-up.</summary>
    public static void RunOne(string[] args)
    {
        var requests = Read(args[0], int.Parse(args[1], CultureInfo.InvariantCulture));
        var seconds = double.Parse(args[2], CultureInfo.InvariantCulture);
        var make = Policies.Single(p => p.Name == args[3]).Make;
        var (instances, scale, kind) = (int.Parse(args[4], CultureInfo.InvariantCulture), int.Parse(args[5], CultureInfo.InvariantCulture), Enum.Parse<EngineKind>(args[6]));
        var scaled = requests.ConvertAll(r => r with { Arrival = new SimTime(r.Arrival.Nanoseconds / scale) });
        var counter = new Counter();
        Once(counter);
        var best = double.MaxValue;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed.TotalSeconds < 2 * seconds;)
        {
            var start = ThreadSeconds();
            Once(new RunMetrics(new MetricsOptions { TotalBlocks = Fixtures.Blocks, Instances = instances }));
            if (clock.Elapsed.TotalSeconds > seconds) best = Math.Min(best, ThreadSeconds() - start);
        }

        Console.WriteLine(new Speed(scaled.Count / best, counter.Tokens / best, counter.Iterations / best, counter.MeanBatch));

        void Once(IRunObserver observer) => new SimulationRun(
            new EngineOptions { TotalBlocks = Fixtures.Blocks, Instances = instances, Kind = kind },
            new Fixtures.EnumerableSource(scaled), Fixtures.Cost,
            new NamedPolicies(args[3], _ => make(), "round-robin", new RoundRobinRouter()), observer).Execute();
    }

    private static string Output(params string[] args)
    {
        using var child = Process.Start(new ProcessStartInfo("dotnet", [typeof(ExecutorSpeed).Assembly.Location, .. args]) { RedirectStandardOutput = true })!;
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode == 0 ? output : throw new InvalidOperationException($"{string.Join(' ', args)} ended with exit code {child.ExitCode}");
    }

    private static List<RequestSpec> Read(string path, int rows)
    {
        using var source = new TraceTrafficSource(TracePipeline.Open(path, new Workloads.TraceOptions { Limit = rows }), path);
        var requests = new List<RequestSpec>();
        while (source.NextArrival != SimTime.Never) requests.Add(source.Take());
        return requests;
    }

    /// <summary>CPU time of this thread where the system tells it, so that other work on the machine does not count; else wall time.</summary>
    private static double ThreadSeconds()
    {
        if (!OperatingSystem.IsLinux()) return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        GetTime(ThreadCpuClock, out var time);
        return time.Seconds + (time.Nanoseconds * 1e-9);
    }

    private const int ThreadCpuClock = 3;

    [DllImport("libc", EntryPoint = "clock_gettime"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>What a CPU-second simulates.</summary>
    private readonly record struct Speed(double Requests, double Tokens, double Iterations, double MeanBatch)
    {
        public Speed Or(Speed other) => other.Requests > Requests ? other : this;

        public static Speed Parse(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var requests, var tokens, var iterations, var batch]
            ? new(Number(requests), Number(tokens), Number(iterations), Number(batch))
            : throw new FormatException($"four numbers expected, got {line}");

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Requests:R} {Tokens:R} {Iterations:R} {MeanBatch:R}");

        private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }

    private sealed class Counter : IRunObserver
    {
        public bool NeedsTimeOrder => false;

        private long _decodes;

        public long Iterations { get; private set; }
        public long Tokens { get; private set; }
        public double MeanBatch => (double)_decodes / Iterations;

        public void OnIteration(in IterationRecord iteration)
        {
            Iterations++;
            Tokens += iteration.EmittedTokens;
            _decodes += iteration.DecodeSequences;
        }
    }
}
