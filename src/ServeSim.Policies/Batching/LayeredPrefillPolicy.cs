using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>How many groups of layers a cohort goes through.</summary>
public enum LayerGroups
{
    /// <summary>The released table: 1, 2, 4 and 8 groups up to 512, 1024, 2048 and 4096 tokens, then the most, which caps all.</summary>
    Code,

    /// <summary>One group for every 512 tokens, rounded up.</summary>
    Paper,
}

/// <summary>Options of <see cref="LayeredPrefillPolicy"/>.</summary>
/// <param name="MaxBatchedTokens">Prompt tokens of a cohort (T_max); its last prompt may be cut.</param>
/// <param name="MaxSequences">Requests in an iteration (R_max).</param>
/// <param name="Groups">How many groups of layers a cohort goes through.</param>
/// <param name="MaxGroups">Most groups under the released table: 16 for 48 layers, 4, 12 and 24 are known too.</param>
public sealed record LayeredPrefillOptions(
    [Range(1, int.MaxValue)] int MaxBatchedTokens = 8192,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    LayerGroups Groups = LayerGroups.Code,
    [Range(1, int.MaxValue)] int MaxGroups = 16);

/// <summary>
/// Cuts the model instead of the prompts: one cohort of prompts crosses one group of layers per iteration, beside decodes that
/// cross all layers. Decodes never stall, and the experts of a layer are read for the prompts once.
/// </summary>
[Policy("layered-prefill", "Prompts cross one group of layers per iteration, decodes all of them.", Paper = "Layered Prefill, MLSys 2026, arXiv 2510.08055")]
public sealed class LayeredPrefillPolicy(LayeredPrefillOptions options, ClusterShape shape) : IBatchPolicy
{
    private readonly RequestOrder _running = new();
    private readonly List<(RequestView Request, int Tokens)> _cohort = [];
    private readonly int _layers = shape.Layers > 0 ? shape.Layers
        : throw new InputException($"policy layered-prefill cuts the model by layers, and the cost model ({shape.Cost.Info.Name}) knows none; take a roofline, or linear with a model");
    private int _groups;    // of the cohort; 0 without one
    private int _stage;     // group that it runs next

    /// <summary>Groups for a cohort of so many tokens.</summary>
    public static int GroupsOf(int tokens, LayeredPrefillOptions options) => options.Groups == LayerGroups.Paper
        ? Math.Max(1, (tokens + 511) / 512)
        : Math.Min(options.MaxGroups, tokens switch { <= 512 => 1, <= 1024 => 2, <= 2048 => 4, <= 4096 => options.MaxGroups == 12 ? 6 : 8, _ => options.MaxGroups });

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        plan.HoldUntilArrival();    // without a cohort: who does not fit now fits less with every token
        Decode(view, plan);
        _cohort.RemoveAll(static member => !member.Request.IsLive);    // finished, or given up by their clients
        if (_cohort.Count == 0) _stage = _groups = 0;
        if (_cohort.Count > 0 && _cohort[0].Request is { IsLive: true, IsPrefilling: true, IsInFlight: true }) return;    // in another pipeline stage
        if (_stage == _groups && plan.PreemptCount == 0) FormCohort(view, plan);
        if (_stage < _groups) RunGroup(plan);
    }

    /// <summary>Without a free block the last of the decoding requests is preempted, in the end the request itself.</summary>
    private void Decode(in InstanceView view, BatchPlan plan)
    {
        if (plan.TryDecodeAllAtOnce(DecodeOrder.Running, options.MaxSequences)) return;
        var running = _running.From(view.Running).Requests;
        var unvisited = running.Length;
        for (var i = 0; i < unvisited && plan.SequenceCount < options.MaxSequences; i++)
        {
            if (running[i].IsPrefilling) continue;
            while (unvisited > i && !plan.TryDecode(running[i]))
                if (!running[--unvisited].IsPrefilling) plan.Preempt(running[unvisited]);
        }
    }

    /// <summary>Prompts cut before, then waiting ones whose whole sequence fits, up to the token limit; the last one may be cut.</summary>
    private void FormCohort(in InstanceView view, BatchPlan plan)
    {
        _cohort.Clear();
        var left = options.MaxBatchedTokens;
        foreach (var request in view.Prefilling) Join(request, plan, ref left);
        foreach (var request in view.Waiting)
            if (IsFull(plan, left) || !plan.Reserve(request, plan.PrefillTokensOf(request)) || !Join(request, plan, ref left)) break;
        (_stage, _groups) = (0, _cohort.Count == 0 ? 0 : Math.Min(_layers, GroupsOf(options.MaxBatchedTokens - left, options)));
    }

    private bool IsFull(BatchPlan plan, int left) => left == 0 || plan.SequenceCount + _cohort.Count >= options.MaxSequences;

    private bool Join(in RequestView request, BatchPlan plan, ref int left)
    {
        if (IsFull(plan, left)) return false;
        var tokens = Math.Min(left, plan.PrefillTokensOf(request));
        _cohort.Add((request, tokens));
        left -= tokens;
        return true;
    }

    private void RunGroup(BatchPlan plan)
    {
        foreach (var (request, tokens) in _cohort) plan.TryPrefill(request, tokens, LayerRange.Part(_layers, _groups, _stage));
        _stage++;
    }
}
