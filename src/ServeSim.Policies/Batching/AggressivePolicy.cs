using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>The two published forms of the aggressive rule.</summary>
public enum AggressiveForm
{
    /// <summary>KV in use and the prompt stay within the watermark (the paper's stand-alone simulator).</summary>
    StandAlone,

    /// <summary>KV in use stays below the watermark, and with the prompt and one token below the capacity (the paper's server, watermark 0.95).</summary>
    Server,
}

/// <summary>Options of <see cref="AggressivePolicy"/>.</summary>
/// <param name="Watermark">Share of the capacity that admissions may fill.</param>
/// <param name="Form">What the watermark bounds.</param>
public sealed record AggressiveOptions([Range(0.0, 1.0)] double Watermark = 0.99, AggressiveForm Form = AggressiveForm.StandAlone) : IntervalOptions;

/// <summary>Admits by the memory in use now, blind to growth; tokens that an evicted candidate has generated are not counted.</summary>
[Policy("aggressive", "Admits while KV in use and the prompt fit now.", Paper = "Gong et al., Past-Future Scheduler, ASPLOS 2025 (baseline)")]
public sealed class AggressivePolicy(AggressiveOptions options) : IntervalPolicy(options)
{
    private long _used;
    private long _capacity;

    protected override void BeginRound(in InstanceView view, long capacity) => (_used, _capacity) = (UsedTokens(view), capacity);

    protected override bool Admits(in RequestView candidate)
    {
        if (!Fits(options.Form, _used, candidate.InputTokens, _capacity, options.Watermark)) return false;
        _used += candidate.RemainingPrefillTokens;
        return true;
    }

    internal static bool Fits(AggressiveForm form, long used, int prompt, long capacity, double watermark) => form == AggressiveForm.StandAlone
        ? !(used + prompt > watermark * capacity)
        : used < watermark * capacity && used + prompt + 1L < capacity;
}
