using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="ConservativePolicy"/>.</summary>
/// <param name="MaxNewTokens">Output length that is assumed for a client without a cap.</param>
/// <param name="Limit">Share of the capacity that may be promised; the paper's server uses 0.95.</param>
public sealed record ConservativeOptions([Range(1, int.MaxValue)] int MaxNewTokens = 4096, [Range(0.0, 1.0)] double Limit = 1) : IntervalOptions;

/// <summary>Admits by the worst case: prompts and longest possible outputs of all fit at once, so nobody is ever evicted.</summary>
[Policy("conservative", "Admits while prompts and longest outputs of all fit.", Paper = "Gong et al., Past-Future Scheduler, ASPLOS 2025 (baseline)")]
public sealed class ConservativePolicy(ConservativeOptions options) : IntervalPolicy(options)
{
    private long _promised;
    private double _limit;

    protected override void BeginRound(in InstanceView view, long capacity)
    {
        (_promised, _limit) = (0, capacity * options.Limit);
        foreach (var request in view.Running) _promised += Longest(request, options.MaxNewTokens);
    }

    protected override bool Admits(in RequestView candidate)
    {
        var promised = _promised + Longest(candidate, options.MaxNewTokens);
        if (promised > _limit) return false;
        _promised = promised;
        return true;
    }

    internal static long Longest(in RequestView request, int maxNewTokens) => request.InputTokens + (long)(request.MaxOutputTokens ?? maxNewTokens);
}
