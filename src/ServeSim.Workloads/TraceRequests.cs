using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>Trace records as the engine takes them.</summary>
public static class TraceRequests
{
    /// <summary>All requests of a trace in its order; counts what a run does not model.</summary>
    /// <exception cref="InputException">The trace is bad further on.</exception>
    public static IEnumerable<RequestSpec> Requests(this ITraceSource trace, UnmodelledTraits unmodelled)
    {
        while (trace.TryRead(out var record))
        {
            unmodelled.Count(UnmodelledTraits.Of(record));
            yield return record.ToRequest();
        }
    }

    /// <summary>The request of a record; one that others may wait for needs a name even where the trace gives none.</summary>
    public static RequestSpec ToRequest(this TraceRecord record, bool needsName = false) => new()
    {
        Id = needsName ? record.RequestId : record.ExplicitId,
        Arrival = record.Arrival ?? SimTime.Zero,
        InputTokens = record.InputTokens,
        OutputTokens = Math.Min(record.OutputTokens, record.MaxTokens ?? int.MaxValue),
        MaxOutputTokens = record.MaxTokens,
        Priority = record.Priority,
        Tenant = record.TenantId,
        SloClass = record.SloClass,
        Model = record.Model,
        Slo = record.TtftSlo is null && record.TpotSlo is null && record.Deadline is null
            ? null
            : new SloLimits(Ttft: record.TtftSlo, Tpot: record.TpotSlo, E2e: record.Deadline),
    };
}
