using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>One request as a trace tells it, whatever layout it came from.</summary>
public sealed record TraceRecord
{
    /// <summary>Position in the source from 1; names the record when it has no id.</summary>
    public required long Number { get; init; }

    /// <summary>The id that the source gives, or null.</summary>
    public string? ExplicitId { get; init; }

    /// <summary>The id, made from <see cref="Number"/> where the source has none.</summary>
    public string RequestId => ExplicitId ?? $"r{Number}";

    /// <summary>Arrival after the trace start; null when it follows from <see cref="WaitFor"/> or is to be drawn.</summary>
    public SimTime? Arrival { get; init; }

    /// <summary>Prompt tokens, at least 1.</summary>
    public required int InputTokens { get; init; }

    /// <summary>Tokens that will be generated, at least 1.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>The cap that a client would send.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>One id per prompt block of <see cref="BlockSize"/> tokens; the last block may be partial.</summary>
    public IReadOnlyList<ulong>? HashIds { get; init; }

    /// <summary>Tokens a hash id stands for, where it differs from the file's.</summary>
    public int? BlockSize { get; init; }

    /// <summary>The conversation.</summary>
    public string? SessionId { get; init; }

    /// <summary>Position in the conversation, from 1.</summary>
    public int? Turn { get; init; }

    /// <summary>Requests that must have ended before this one starts.</summary>
    public IReadOnlyList<string>? WaitFor { get; init; }

    /// <summary>Pause after the last of <see cref="WaitFor"/> has ended.</summary>
    public SimDuration Delay { get; init; }

    /// <summary>Who pays; null is the default tenant.</summary>
    public string? TenantId { get; init; }

    /// <summary>The end user.</summary>
    public string? UserId { get; init; }

    /// <summary>Larger is more urgent.</summary>
    public int Priority { get; init; }

    /// <summary>Name of a class of limits.</summary>
    public string? SloClass { get; init; }

    /// <summary>Limit on the first token.</summary>
    public SimDuration? TtftSlo { get; init; }

    /// <summary>Limit on the mean time per output token after the first.</summary>
    public SimDuration? TpotSlo { get; init; }

    /// <summary>Limit on the whole request, counted from its arrival.</summary>
    public SimDuration? Deadline { get; init; }

    /// <summary>Model asked for.</summary>
    public string? Model { get; init; }

    /// <summary>Adapter (LoRA) asked for.</summary>
    public string? Adapter { get; init; }

    /// <summary>Image tokens among the prompt tokens.</summary>
    public int ImageTokens { get; init; }

    /// <summary>Audio tokens among the prompt tokens.</summary>
    public int AudioTokens { get; init; }

    /// <summary>Video tokens among the prompt tokens.</summary>
    public int VideoTokens { get; init; }

    /// <summary>Pictures in the prompt.</summary>
    public int NumImages { get; init; }

    /// <summary>Output tokens that later prompts do not carry.</summary>
    public int ReasoningTokens { get; init; }

    /// <summary>The source's kind of request.</summary>
    public string? Type { get; init; }

    /// <summary>Keys that start with <c>x_</c>, in file order, with their JSON text.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Extras { get; init; }

    /// <summary>Equal in every field; lists are compared by content, so that a round trip can be checked.</summary>
    public bool Equals(TraceRecord? other) =>
        other is not null && Scalars == other.Scalars && Names == other.Names
        && Same(HashIds, other.HashIds) && Same(WaitFor, other.WaitFor) && Same(Extras, other.Extras);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Number, Arrival, InputTokens, OutputTokens);

    private (long, SimTime?, int, int, int?, int?, int?, SimDuration, int, SimDuration?, SimDuration?, SimDuration?, int, int, int, int, int) Scalars =>
        (Number, Arrival, InputTokens, OutputTokens, MaxTokens, BlockSize, Turn, Delay, Priority, TtftSlo, TpotSlo, Deadline,
            ImageTokens, AudioTokens, VideoTokens, NumImages, ReasoningTokens);

    private (string?, string?, string?, string?, string?, string?, string?, string?) Names =>
        (ExplicitId, SessionId, TenantId, UserId, SloClass, Model, Adapter, Type);

    private static bool Same<T>(IReadOnlyList<T>? a, IReadOnlyList<T>? b) => a is null ? b is null : b is not null && a.SequenceEqual(b);
}
