using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Fairness;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="UwfqPolicy"/>.</summary>
/// <param name="ServiceRate">Service per second of the imagined server; null is what decoding a full batch over full memory gives.</param>
/// <param name="GraceSeconds">A tenant idle for less keeps its virtual account.</param>
/// <param name="PartitionMilliseconds">Longest prompt chunk of an iteration, by the cost model; 0 runs prompts whole.</param>
/// <param name="Cost">What tokens are charged at.</param>
/// <param name="InputPrice">Linear cost of a prompt token.</param>
/// <param name="OutputPrice">Linear cost of an output token.</param>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="MaxPrefillTokens">Prompt tokens of one iteration.</param>
public sealed record UwfqOptions(
    [Range(double.Epsilon, double.MaxValue)] double? ServiceRate = null,
    [Range(0.0, double.MaxValue)] double GraceSeconds = 2,
    [Range(0.0, double.MaxValue)] double PartitionMilliseconds = 50,
    CostFunction Cost = CostFunction.Linear,
    [Range(0.0, double.MaxValue)] double InputPrice = 1,
    [Range(0.0, double.MaxValue)] double OutputPrice = 2,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    [Range(1, int.MaxValue)] int MaxPrefillTokens = 8192);

/// <summary>Requests go in the order in which an ideal server, shared by tenants and then by each one's requests, would end them.</summary>
[Policy("uwfq", "User-weighted fair queueing: earliest virtual finish over two levels, prompts in chunks.", Paper = "UWFQ, arXiv 2510.15485 (transferred)")]
public sealed class UwfqPolicy(UwfqOptions options, TenantWeights weights, ILengthPredictor predictor, ClusterShape shape) : FairPolicy(
    LimitsOf(options, shape), new(options.Cost, options.InputPrice, options.OutputPrice), weights, predictor)
{
    private readonly VirtualFairQueue _ideal = new(options.ServiceRate ?? RateOf(options, shape), options.GraceSeconds);
    private readonly Dictionary<Tenant, VirtualUser> _users = [];
    private readonly RequestMap<VirtualJob> _jobs = new();
    private readonly List<RequestView> _waiting = [];

    protected override void OnQueued(Tenant tenant, in RequestView request)
    {
        _waiting.Add(request);
        if (request.Preemptions > 0) return;
        if (!_users.TryGetValue(tenant, out var user)) _users.Add(tenant, user = new(tenant.Weight));
        _jobs[request] = _ideal.Arrive(user, request.Number, Cost.Of(request.InputTokens, PredictedTokens(request)), request.Arrival.Seconds);
    }

    protected override void OnLeft(Tenant tenant, in RequestView request) => _waiting.Remove(request);

    protected override void OnDone(Tenant tenant, in RequestView request) =>
        _ideal.Refine(_jobs[request]!, Cost.Of(request.InputTokens, request.GeneratedTokens), request.LastTokenAt.Seconds);

    protected override void Admit(in InstanceView view, BatchPlan plan)
    {
        while (_waiting.Count > 0 && !IsFull(plan))
        {
            var earliest = 0;
            for (var i = 1; i < _waiting.Count; i++)
                if (KeyOf(_waiting[i]).CompareTo(KeyOf(_waiting[earliest])) < 0) earliest = i;
            if (!TryAdmit(_waiting[earliest], view, plan)) return;
            _waiting.RemoveAt(earliest);
        }
    }

    internal double DeadlineOf(in RequestView request) => _jobs[request]!.Deadline;

    private (double Deadline, long Number) KeyOf(in RequestView request) => (_jobs[request]!.Deadline, request.Number);

    private static double RateOf(UwfqOptions options, ClusterShape shape)
    {
        var capacity = (long)shape.TotalBlocks * shape.BlockSize;
        var batch = (int)Math.Min(options.MaxSequences, capacity);
        var context = (int)Math.Min(capacity / batch, int.MaxValue);
        var seconds = shape.Cost.IterationTime(new BatchShape
        {
            DecodeSequences = batch,
            DecodeContextTokens = (long)batch * context,
            LongestDecodeContext = context,
            Sequences = Enumerable.Repeat(new SequenceSpan(1, context, true), shape.Cost.NeedsSequences ? batch : 0).ToArray(),
        }).Seconds;
        var cost = new ServiceCost(options.Cost, options.InputPrice, options.OutputPrice);
        return batch * cost.Between(context, 0, 1, 1) / Math.Max(seconds, 1e-9);
    }

    /// <summary>The longest chunk that the cost model finishes in time.</summary>
    private static FairLimits LimitsOf(UwfqOptions options, ClusterShape shape)
    {
        if (options.PartitionMilliseconds == 0) return new(options.MaxSequences, options.MaxPrefillTokens);
        int low = 1, high = options.MaxPrefillTokens;
        while (low < high)
        {
            var middle = high - ((high - low) / 2);
            if (shape.Cost.PrefillTime(middle).Milliseconds <= options.PartitionMilliseconds) low = middle; else high = middle - 1;
        }

        return new(options.MaxSequences, low, SplitsPrompts: true);
    }
}
