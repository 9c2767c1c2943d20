using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Reproductions;

/// <summary>A reproduction as its file states it: what was reported, what to run, what to print and what to claim.</summary>
public sealed record ReproductionFile
{
    public required string Title { get; init; }

    /// <summary>The paper, or the theory.</summary>
    public required string Source { get; init; }

    /// <summary>The set-up of the source.</summary>
    public required string Setup { get; init; }

    /// <summary>What is known of it and what had to be assumed.</summary>
    public required string Known { get; init; }

    /// <summary>What differs here and why.</summary>
    public required string Differs { get; init; }

    /// <summary>Reported numbers beside ours.</summary>
    public NamedGroups<HeadlineConfig> Headlines { get; init; } = NamedGroups<HeadlineConfig>.None;

    public required NamedGroups<ExperimentConfig> Experiments { get; init; }

    /// <summary>A small version that shows only that the page can be made.</summary>
    public QuickConfig Quick { get; init; } = new();
}

/// <summary>Runs of every variant under every load with every seed.</summary>
public sealed record ExperimentConfig
{
    public required string Title { get; init; }

    /// <summary>The scenario that all runs share.</summary>
    public ConfigMapping? Base { get; init; }

    /// <summary>What each variant changes of it, under its name.</summary>
    public required ConfigMapping Variants { get; init; }

    /// <summary>What changes along the x axis; null for one load.</summary>
    public LoadConfig? Load { get; init; }

    /// <summary>Seeds 1 to this.</summary>
    public int Seeds { get; init; } = 5;

    /// <summary>What is read off each run.</summary>
    public required NamedGroups<MetricConfig> Metrics { get; init; }

    /// <summary>Largest loads that keep a bound; they can be named wherever a metric can, but for plots.</summary>
    public NamedGroups<CapacityConfig> Capacities { get; init; } = NamedGroups<CapacityConfig>.None;

    public NamedGroups<TableConfig> Tables { get; init; } = NamedGroups<TableConfig>.None;
    public NamedGroups<PlotConfig> Plots { get; init; } = NamedGroups<PlotConfig>.None;
    public NamedGroups<ClaimConfig> Claims { get; init; } = NamedGroups<ClaimConfig>.None;
}

/// <summary>What changes along the x axis.</summary>
public sealed record LoadConfig
{
    public required string Label { get; init; }
    public required IReadOnlyList<double> Values { get; init; }

    /// <summary>Keys of the scenario with texts in which {} stands for the value and {*X} for X times the value.</summary>
    public required ConfigMapping Set { get; init; }
}

/// <summary>A number of summary.json.</summary>
public sealed record MetricConfig
{
    public required string Label { get; init; }

    /// <summary>Its path, such as servesim.latency_ms.tbt.p99.</summary>
    public required string Value { get; init; }

    /// <summary>Path of the number that it is divided by.</summary>
    public string? Per { get; init; }

    /// <summary>Factor from the unit of the file to that of the page.</summary>
    public double Scale { get; init; } = 1;

    public string Unit { get; init; } = "";
}

/// <summary>The largest load up to which a metric stays within a bound, read off the line between the loads that were run.</summary>
public sealed record CapacityConfig
{
    public required string Label { get; init; }
    public required string Metric { get; init; }
    public double? AtLeast { get; init; }
    public double? AtMost { get; init; }

    /// <summary>Another capacity that must be kept too: the smaller load counts.</summary>
    public string? Also { get; init; }

    public string Unit { get; init; } = "";
}

/// <summary>Metrics in columns; a row for each load and variant.</summary>
public sealed record TableConfig
{
    public required IReadOnlyList<string> Metrics { get; init; }
    public IReadOnlyList<string>? Variants { get; init; }
    public IReadOnlyList<double>? At { get; init; }
}

/// <summary>A metric over the load, one line for each variant.</summary>
public sealed record PlotConfig
{
    public required string Metric { get; init; }
    public string? Title { get; init; }
    public IReadOnlyList<string>? Variants { get; init; }
}

/// <summary>
/// A sentence of the source that the runs bear out or not: a variant above or below another (times a factor), or within a
/// range. Each side may be a ratio to a further variant.
/// </summary>
public sealed record ClaimConfig
{
    public required string Says { get; init; }
    public required string Metric { get; init; }
    public required string Variant { get; init; }
    public string? Above { get; init; }
    public string? Below { get; init; }

    /// <summary>Factor on the other variant of above and below.</summary>
    public double By { get; init; } = 1;

    /// <summary>A..B, for the value or the ratio.</summary>
    public string? Within { get; init; }

    /// <summary>A variant by whose value that of <see cref="Variant"/> is divided.</summary>
    public string? Of { get; init; }

    /// <summary>A variant by whose value that of <see cref="Above"/> or <see cref="Below"/> is divided.</summary>
    public string? RivalOf { get; init; }

    /// <summary>Loads at which it is to hold; null is all of them.</summary>
    public IReadOnlyList<double>? At { get; init; }
}

/// <summary>A reported number and how ours is made.</summary>
public sealed record HeadlineConfig
{
    /// <summary>What the source reports, in its own terms.</summary>
    public required string Paper { get; init; }

    public required string Experiment { get; init; }
    public required string Metric { get; init; }
    public required string Variant { get; init; }

    /// <summary>The variant that ours is compared with.</summary>
    public string? Versus { get; init; }

    public HeadlineForm As { get; init; }

    /// <summary>The load; null where there is one only, and for capacities.</summary>
    public double? At { get; init; }
}

/// <summary>How a headline number is made of two variants.</summary>
public enum HeadlineForm
{
    /// <summary>The value of the variant.</summary>
    Value,

    /// <summary>Divided by the other's.</summary>
    Ratio,

    /// <summary>The difference from the other's in per cent of it.</summary>
    Change,
}

/// <summary>The small version.</summary>
public sealed record QuickConfig
{
    public int Seeds { get; init; } = 2;

    /// <summary>Keys of every scenario with their values.</summary>
    public ConfigMapping? Set { get; init; }
}
