using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Reporting.Writers;

/// <summary>What a run was, in words and numbers: all that a reader must know beside its results.</summary>
public sealed record RunDescription
{
    /// <summary>Hash of all events and plans.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>True when the run was stopped before its end.</summary>
    public bool IsPartial { get; init; }

    public required ulong Seed { get; init; }
    public string? Label { get; init; }
    public required string Model { get; init; }
    public string? Gpu { get; init; }
    public int Instances { get; init; } = 1;
    public int TensorParallel { get; init; } = 1;
    public int PipelineStages { get; init; } = 1;

    /// <summary>KV blocks of one instance.</summary>
    public required int TotalBlocks { get; init; }
    public required int BlockSize { get; init; }

    public required string Policy { get; init; }

    /// <summary>Options in declared order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> PolicyOptions { get; init; } = [];
    public required string Router { get; init; }
    public IReadOnlyList<KeyValuePair<string, string>> RouterOptions { get; init; } = [];
    public string? Predictor { get; init; }

    /// <summary>How its answers compare with the truth; null without a predictor.</summary>
    public LengthPredictionSummary? LengthPredictions { get; init; }

    /// <summary>Who looked at true output lengths; null if nobody did.</summary>
    public string? Oracle { get; init; }

    public required CostModelInfo CostModel { get; init; }

    /// <summary>Trace or generator.</summary>
    public required string Trace { get; init; }

    /// <summary>Which part of it, and how it was changed.</summary>
    public string? Slice { get; init; }

    /// <summary>Limits of the run, in the form of <see cref="Slo.SloText"/>.</summary>
    public string Slo { get; init; } = "none";

    /// <summary>Nominal requests per second; infinity is everything at once, null the trace's own times.</summary>
    public double? RequestRate { get; init; }

    /// <summary>Shape of generated arrival gaps: 1 is Poisson.</summary>
    public double? Burstiness { get; init; }

    /// <summary>Cap of a client on its open requests.</summary>
    public int? MaxConcurrency { get; init; }

    /// <summary>Anything else that a reader of the numbers must know.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
