using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Forecasts;
using ServeSim.Policies.Prediction;

namespace ServeSim.Tests.Policies;

/// <summary>Random traces on tiny memories: every request ends, and the engine finds every block free.</summary>
public sealed class EveryTraceEndsTests
{
    private const int Traces = 60;

    public static IEnumerable<object[]> Cases() => Policies.Select(p => new object[] { p.Name });

    private static readonly (string Name, Func<ClusterShape, ILengthPredictor, IBatchPolicy> Make)[] Policies =
    [
        ("static", (_, _) => new StaticPolicy(new(4, 40))),
        ("static without padding", (_, _) => new StaticPolicy(new(4, 40, false))),
        ("orca", (_, _) => new OrcaPolicy(new(4, 40))),
        ("fcfs", (_, _) => new FcfsPolicy(new(6, 32))),
        ("reverse", (_, _) => new ReversePolicy(new(6, 32))),
        ("reject-all", (_, _) => new RejectAllPolicy()),
        ("vllm", (shape, _) => new VllmPolicy(new(6, 32, Watermark: 0), shape)),
        ("vllm with swap", (shape, _) => new VllmPolicy(new(6, 32, Watermark: 0, Preemption: PreemptMode.Swap), shape)),
        ("sarathi", (_, _) => new SarathiPolicy(new(8, 6))),
        ("sarathi in batch order", (_, _) => new SarathiPolicy(new(8, 6, Order: RunningOrder.LastBatch))),
        ("lightllm", (_, predictor) => new LightLlmPolicy(new(MaxBatchedTokens: 32, MaxSequences: 6), predictor)),
        ("past-future", (_, _) => new PastFuturePolicy(new(Window: 8, FillTokens: 5, MaxNewTokens: 20) { MaxPrefillTokens = 32, MaxSequences = 6 }, new(1, "past-future"))),
        ("past-future, as its servers", (_, _) => new PastFuturePolicy(new(8, 5, LastKnot: LastKnot.IfLonger, Requeued: RequeuedDraw.Total, Loads: LoadConvention.Predicted) { Interval = 2, OneAtATime = true }, new(1, "past-future"))),
        ("past-future, as its simulator", (shape, _) => new PastFuturePolicy(
            new(8, 5, Requeued: RequeuedDraw.Remaining) { PrefillCap = PrefillCap.UntilReached, Eviction = EvictionRule.TailAfterStep, CapacityTokens = shape.TotalBlocks * shape.BlockSize * 4 / 5 }, new(1, "past-future"))),
        ("aggressive", (_, _) => new AggressivePolicy(new() { Interval = 3 })),
        ("aggressive, as its server", (_, _) => new AggressivePolicy(new(0.95, AggressiveForm.Server) { Interval = 1 })),
        ("conservative", (_, _) => new ConservativePolicy(new(20))),
        ("optimum", (_, _) => new OptimumPolicy(new(), new TrueLengths())),
        ("vllm-v1", (_, _) => new VllmV1Policy(new(8, 6))),
        ("vllm-v1 by priority", (_, _) => new VllmV1Policy(new(8, 6, VllmV1Order.Priority))),
        ("vllm-v1 with short chunks", (_, _) => new VllmV1Policy(new(8, 6, LongPrefillTokens: 3))),
        ("vllm-v1 with whole prompts", (_, _) => new VllmV1Policy(new(8, 6, ChunkedPrefill: false))),
        ("sglang", (_, _) => new SglangPolicy(new(MaxPrefillTokens: 16, ChunkTokens: 8, MaxNewTokens: 20), new(1, "sglang"))),
        ("sglang, greedy", (_, _) => new SglangPolicy(new(MaxPrefillTokens: 16, ChunkTokens: 8, ClipTokens: 2), new(1, "sglang"))),
        ("sglang, mixed", (_, _) => new SglangPolicy(new(ChunkTokens: 8, MixedChunk: true, ClipTokens: 4), new(1, "sglang"))),
        ("sglang, longest first", (_, _) => new SglangPolicy(new(SglangOrder.Lof, ChunkTokens: 0, ClipTokens: 4), new(1, "sglang"))),
        ("sglang, random", (_, _) => new SglangPolicy(new(SglangOrder.Random, ChunkTokens: 3, ClipTokens: 4), new(1, "sglang"))),
        ("fastserve", (shape, _) => new FastServePolicy(new(MaxBatch: 4, MaxPrefillTokens: 32, StarvationIterations: 20), shape)),
        ("fastserve with few places", (shape, _) => new FastServePolicy(new(QuantumMilliseconds: 2000, MaxBatch: 2, MaxPrefillTokens: 8), shape)),
        ("sjf", (_, predictor) => new SjfPolicy(new(TokenBudget: 8, MaxSequences: 6), predictor)),
        ("sjf with swap and guard", (_, predictor) => new SjfPolicy(new(SjfScore.Work, 8, 6, PreemptMode.Swap, 10, 3), predictor)),
        ("sjf by response ratio", (_, predictor) => new SjfPolicy(new(SjfScore.ResponseRatio, 8, 6), predictor)),
        ("srpt", (_, predictor) => new SrptPolicy(new(8, 4), predictor)),
        ("srpt with swap", (_, predictor) => new SrptPolicy(new(8, 4, PreemptMode.Swap), predictor)),
        ("edf", (shape, _) => new EdfPolicy(new(5, 1, TokenBudget: 8, MaxSequences: 6), shape)),
        ("edf by slack, demoting", (shape, _) => new EdfPolicy(new(5, 1, BySlack: true, DemoteLate: true, TokenBudget: 8, MaxSequences: 6, Preemption: PreemptMode.Swap), shape)),
        ("edf, preemptive", (shape, _) => new EdfPolicy(new(5, 1, IsPreemptive: true, TokenBudget: 8, MaxSequences: 4), shape)),
        ("edf, preemptive with swap", (shape, _) => new EdfPolicy(new(5, 1, IsPreemptive: true, DemoteLate: true, TokenBudget: 8, MaxSequences: 4, Preemption: PreemptMode.Swap), shape)),
        ("edf, dropping", (shape, _) => new EdfPolicy(new(5, 1, DropLate: true, TokenBudget: 8, MaxSequences: 6), shape)),
        ("edf, preemptive and dropping", (shape, _) => new EdfPolicy(new(5, 1, IsPreemptive: true, DropLate: true, TokenBudget: 8, MaxSequences: 6), shape)),
    ];

    [Theory, MemberData(nameof(Cases))]
    public void Every_request_ends_and_the_same_seed_gives_the_same_run(string name)
    {
        var make = Policies.Single(p => p.Name == name).Make;
        for (ulong seed = 1; seed <= Traces; seed++)
        {
            var first = Run(make, seed);
            Assert.Equal(first.Arrived, first.Finished + first.Rejected);
            Assert.Equal(first, Run(make, seed));
            if (!name.Contains("reject", StringComparison.Ordinal) && !name.Contains("dropping", StringComparison.Ordinal))
                Assert.True(first.Rejected <= first.Arrived / 4, $"seed {seed}: {first.Rejected} of {first.Arrived} refused");
        }
    }

    [Theory, InlineData("static"), InlineData("orca"), InlineData("reject-all")]
    public void Whoever_reserves_everything_never_preempts(string name) => Assert.Equal(0, Sum(name, i => i.Preemptions));

    [Theory, InlineData("fcfs"), InlineData("vllm-v1"), InlineData("vllm-v1 by priority"), InlineData("sglang, greedy"), InlineData("sglang, mixed"), InlineData("fastserve"),
     InlineData("sjf"), InlineData("srpt"), InlineData("srpt with swap"), InlineData("edf"), InlineData("edf, preemptive with swap"), InlineData("reverse")]
    public void The_traces_are_hard_enough_to_force_preemptions(string name) => Assert.True(Sum(name, i => i.Preemptions) > 20);

    [Theory, InlineData("fastserve"), InlineData("sjf with swap and guard"), InlineData("srpt with swap"), InlineData("edf, preemptive with swap")]
    public void The_traces_are_hard_enough_to_force_swaps(string name) => Assert.True(Sum(name, i => i.SwappedBytes) > 20);

    [Theory, InlineData("sarathi"), InlineData("vllm-v1"), InlineData("vllm-v1 by priority"), InlineData("sjf"), InlineData("srpt"), InlineData("edf, preemptive")]
    public void No_iteration_passes_the_token_budget(string name) =>
        Assert.Equal(0, Sum(name, i => i.PrefillTokens + i.DecodeSequences > 8 ? 1 : 0));

    [Theory, InlineData("vllm"), InlineData("vllm with swap"), InlineData("lightllm"), InlineData("sglang")]
    public void Prefill_and_decode_never_share_an_iteration_where_prefill_goes_first(string name) =>
        Assert.Equal(0, Sum(name, i => i.PrefillTokens > 0 && i.DecodeSequences > 0 ? 1 : 0));

    [Theory, MemberData(nameof(Cases))]
    public void A_plan_allocates_nothing_once_its_buffers_have_grown(string name)
    {
        // The runtime itself allocates on our thread now and then, so the best of three attempts counts.
        var share = Enumerable.Range(0, 3).Min(_ => ShareOfAllocatingPlans(Policies.Single(p => p.Name == name).Make));
        Assert.True(share <= 0.02, $"{share:P1} of the plans allocated");
    }

    private static double ShareOfAllocatingPlans(Func<ClusterShape, ILengthPredictor, IBatchPolicy> make)
    {
        var random = new RandomStream(5, "trace");
        RequestSpec[] burst = [.. Enumerable.Range(0, 120).Select(i => MicroRun.Request(i / 4, 1 + random.NextInt(12), 1 + random.NextInt(16)))];
        var meter = new Meter();
        new MicroRun { Blocks = 60, HostBlocks = 60 }.Execute(shape => meter.Wrap(make(shape, MicroRun.Oracle)),
            [.. Enumerable.Range(0, 4).SelectMany(i => burst.Select(r => r with { Arrival = r.Arrival + (Meter.Pause * i) }))]);
        Assert.True(meter.LatePlans > 0);
        return (double)meter.Allocating / meter.LatePlans;
    }

    /// <summary>Counts the plans that allocate in the last of four equal bursts.</summary>
    private sealed class Meter : IBatchPolicy
    {
        public static readonly SimDuration Pause = SimDuration.FromSeconds(10_000);

        private IBatchPolicy _inner = null!;

        public long LatePlans { get; private set; }

        public long Allocating { get; private set; }

        public EngineLimits Limits => _inner.Limits;

        public Meter Wrap(IBatchPolicy inner)
        {
            _inner = inner;
            return this;
        }

        public void Plan(in InstanceView view, BatchPlan plan)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            _inner.Plan(view, plan);
            var after = GC.GetAllocatedBytesForCurrentThread();
            if (view.Now < SimTime.Zero + (Pause * 3)) return;
            if (after != before) Allocating++;
            LatePlans++;
        }

        public void OnArrived(in RequestView request) => _inner.OnArrived(request);

        public void OnFinished(in RequestView request) => _inner.OnFinished(request);

        public void OnPreempted(in RequestView request) => _inner.OnPreempted(request);

        public void OnIterationEnd(in IterationView iteration) => _inner.OnIterationEnd(iteration);
    }

    private static long Sum(string name, Func<IterationRecord, long> value)
    {
        var make = Policies.Single(p => p.Name == name).Make;
        return Enumerable.Range(1, 20).Sum(seed => Execute(make, (ulong)seed).Iterations.Sum(value));
    }

    private static RunResult Run(Func<ClusterShape, ILengthPredictor, IBatchPolicy> make, ulong seed) => Execute(make, seed).Result;

    private static MicroRun Execute(Func<ClusterShape, ILengthPredictor, IBatchPolicy> make, ulong seed)
    {
        var random = new RandomStream(seed, "trace");
        var blockSize = 1 << random.NextInt(3);
        var time = 0.0;
        var trace = new RequestSpec[20 + random.NextInt(40)];
        for (var i = 0; i < trace.Length; i++)
        {
            if (random.NextInt(3) > 0) time += random.NextInt(4) + (0.25 * random.NextInt(4));
            var (prompt, output) = (1 + random.NextInt(24), 1 + random.NextInt(16));
            trace[i] = MicroRun.Request(time, prompt, output, random.NextInt(2) == 0 ? null : output + random.NextInt(8), priority: random.NextInt(3));
        }

        var noisy = new NoisyPredictor(new(1, 0.8), new TrueLengths(), new(seed, "noise"));
        var run = new MicroRun
        {
            BlockSize = blockSize,
            Blocks = (40 + random.NextInt(30)) / blockSize,
            HostBlocks = random.NextInt(2) * random.NextInt(60) / blockSize,
            Cost = new UnitCost(1 + random.NextInt(2)),
            BytesPerBlock = 1,
            HostLinkBytesPerSecond = 20,
            Instances = 1 + random.NextInt(2),
        };
        return run.Execute(shape => make(shape, noisy), trace);
    }
}
