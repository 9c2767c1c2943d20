using ServeSim.Abstractions;

namespace ServeSim.Reporting.Slo;

/// <summary>Named limits: those of MLPerf inference on TTFT and TPOT, by model and scenario.</summary>
public static class SloPresets
{
    private static readonly (string Name, int TtftMilliseconds, int TpotMilliseconds)[] Table =
    [
        ("mlperf:llama-3.1-8b/server", 2000, 100),
        ("mlperf:llama-3.1-8b/interactive", 500, 30),
        ("mlperf:llama-2-70b/server", 2000, 200),
        ("mlperf:llama-2-70b/interactive", 450, 40),
        ("mlperf:llama-3.1-405b/server", 6000, 175),
        ("mlperf:llama-3.1-405b/interactive", 4500, 80),
        ("mlperf:mixtral-8x7b/server", 2000, 200),
        ("mlperf:deepseek-r1/server", 2000, 80),
        ("mlperf:deepseek-r1/interactive", 1500, 15),
        ("mlperf:gpt-oss-120b/server", 3000, 80),
        ("mlperf:gpt-oss-120b/interactive", 2000, 20),
    ];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Table.Select(row => row.Name)];

    /// <summary>The limits of a preset.</summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    public static SloLimits Find(string name)
    {
        foreach (var row in Table)
        {
            if (string.Equals(row.Name, name, StringComparison.OrdinalIgnoreCase))
                return new SloLimits(Ttft: SimDuration.FromMilliseconds(row.TtftMilliseconds), Tpot: SimDuration.FromMilliseconds(row.TpotMilliseconds));
        }

        throw new InputException($"slo preset \"{name}\" does not exist; {Suggestion.For(name, Names)}");
    }
}
