using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Policies.Prediction;
using ServeSim.Policies.Routing;

namespace ServeSim.Tests.Policies;

/// <summary>A short run of a listed trace; keeps every record.</summary>
internal sealed class MicroRun : IRunObserver
{
    private readonly Dictionary<long, RequestRecord> _requests = [];

    public static readonly OraclePredictor Oracle = new(new TrueLengths());

    public List<IterationRecord> Iterations { get; } = [];

    public RunResult Result { get; private set; } = null!;

    public int Blocks { get; init; } = 1000;
    public int BlockSize { get; init; } = 1;
    public int HostBlocks { get; init; }
    public int Instances { get; init; } = 1;
    public double? Watermark { get; init; }
    public ICostModel Cost { get; init; } = new UnitCost();
    public IRouterPolicy Router { get; init; } = new RoundRobinRouter();
    public long BytesPerBlock { get; init; }
    public double HostLinkBytesPerSecond { get; init; } = double.PositiveInfinity;

    public ClusterShape Shape => new(Instances, Blocks, BlockSize, 1_000_000, Cost.PipelineStages, Cost);

    public RequestRecord this[long number] => _requests[number];

    /// <summary>Iteration that brought the last token, when iterations of one second run without a pause from time 0.</summary>
    public int End(long number) => (int)this[number].Finished!.Value.Seconds;

    public int[] Ends => [.. Enumerable.Range(0, _requests.Count).Select(i => End(i))];

    public string Batches => string.Join(' ', Iterations.Select(i => $"{i.DecodeSequences}+{i.PrefillTokens}"));

    public MicroRun Execute(Func<ClusterShape, IBatchPolicy> policy, params RequestSpec[] trace)
    {
        var options = new EngineOptions
        {
            TotalBlocks = Blocks, BlockSize = BlockSize, HostBlocks = HostBlocks, Instances = Instances, Watermark = Watermark,
            BytesPerBlock = BytesPerBlock, HostLinkBytesPerSecond = HostLinkBytesPerSecond, LivelockLimit = 20_000,
        };
        Result = new SimulationRun(options, new ListSource(trace), Cost, new("policy", _ => policy(Shape), "router", Router), this).Execute();
        return this;
    }

    public static RequestSpec Request(double arrival, int prompt, int output, int? cap = null, SloLimits? slo = null, int priority = 0, string? tenant = null) => new()
    {
        Arrival = SimTime.FromSeconds(arrival), InputTokens = prompt, OutputTokens = output, MaxOutputTokens = cap, Slo = slo, Priority = priority, Tenant = tenant,
    };

    public void OnRequestEnded(in RequestRecord request) => _requests.Add(request.Number, request);

    public void OnIteration(in IterationRecord iteration) => Iterations.Add(iteration);

    private sealed class ListSource(RequestSpec[] trace) : ITrafficSource
    {
        private int _next;

        public SimTime NextArrival => _next < trace.Length ? trace[_next].Arrival : SimTime.Never;

        public RequestSpec Take() => trace[_next++];
    }
}
