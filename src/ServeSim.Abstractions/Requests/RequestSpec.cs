namespace ServeSim.Abstractions;

/// <summary>What a trace or a generator says about one request; the engine alone sees the output length.</summary>
public readonly record struct RequestSpec
{
    /// <summary>The name in the source; null means that the engine's number stands for it.</summary>
    public string? Id { get; init; }

    /// <summary>When the request reaches the gateway.</summary>
    public required SimTime Arrival { get; init; }

    /// <summary>Prompt tokens, at least 1.</summary>
    public required int InputTokens { get; init; }

    /// <summary>Tokens that will be generated, at least 1. Hidden from policies.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>The cap that the client sent, if any; policies may see it.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Larger is more urgent; 0 by default.</summary>
    public int Priority { get; init; }

    /// <summary>Who pays for it; null is the default tenant.</summary>
    public string? Tenant { get; init; }

    /// <summary>Name of its service class, if the trace gives one.</summary>
    public string? SloClass { get; init; }

    /// <summary>The model that it asks for, if the trace names one.</summary>
    public string? Model { get; init; }

    /// <summary>The request's own limits; null leaves those of the run.</summary>
    public SloLimits? Slo { get; init; }

    /// <summary>When its client gives up; null leaves that of the run.</summary>
    public ClientPatience? Patience { get; init; }
}
