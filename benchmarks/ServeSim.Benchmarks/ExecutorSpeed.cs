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
/// <c>speed TRACE [ROWS] [SECONDS] [POLICY]</c>: the simulation loop over the first rows of a trace, plain and fast taking turns in
/// one process, as requests and tokens per CPU-second and as the ratio of the two. The trace is read beforehand.
/// </summary>
internal static class ExecutorSpeed
{
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
        var rows = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1000;
        var seconds = args.Length > 2 ? double.Parse(args[2], CultureInfo.InvariantCulture) : 0.5;
        var requests = Read(args[0], rows);
        Measure("warm-up", Policies[0].Make, 1, 1, requests, 1);    // so that everything is compiled
        Console.WriteLine("| policy | instances | rate x | mean batch | plain req/s | fast req/s | fast tokens/s | fast iterations/s | ratio |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var (name, make) in Policies.Where(p => args.Length < 4 || p.Name == args[3]))
            foreach (var (instances, scale) in ((int, int)[])[(1, 1), (8, 1), (1, 3), (8, 24)])
                Measure(name, make, instances, scale, requests, seconds);
    }

    private static List<RequestSpec> Read(string path, int rows)
    {
        using var source = new TraceTrafficSource(TracePipeline.Open(path, new Workloads.TraceOptions { Limit = rows }), path);
        var requests = new List<RequestSpec>();
        while (source.NextArrival != SimTime.Never) requests.Add(source.Take());
        return requests;
    }

    private static void Measure(string name, Func<IBatchPolicy> make, int instances, int scale, List<RequestSpec> requests, double seconds)
    {
        var scaled = requests.ConvertAll(r => r with { Arrival = new SimTime(r.Arrival.Nanoseconds / scale) });
        var counter = new Counter();
        Once(EngineKind.Plain, counter = new Counter());
        Once(EngineKind.Fast, counter = new Counter());
        double plain = double.MaxValue, fast = double.MaxValue;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed.TotalSeconds < seconds;)
        {
            plain = Math.Min(plain, CpuSeconds(EngineKind.Plain));
            fast = Math.Min(fast, CpuSeconds(EngineKind.Fast));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {instances} | {scale} | {counter.MeanBatch:F1} | {scaled.Count / plain:N0} | {scaled.Count / fast:N0} | {counter.Tokens / fast:N0} | {counter.Iterations / fast:N0} | {plain / fast:F1} |"));

        double CpuSeconds(EngineKind kind)
        {
            var start = ThreadSeconds();
            Once(kind, new RunMetrics(new MetricsOptions { TotalBlocks = Fixtures.Blocks, Instances = instances }));
            return ThreadSeconds() - start;
        }

        void Once(EngineKind kind, IRunObserver observer) => new SimulationRun(
            new EngineOptions { TotalBlocks = Fixtures.Blocks, Instances = instances, Kind = kind },
            new Fixtures.EnumerableSource(scaled), Fixtures.Cost,
            new NamedPolicies(name, _ => make(), "round-robin", new RoundRobinRouter()), observer).Execute();
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
