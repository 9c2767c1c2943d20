using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>A request of a trace on its way to the traffic source.</summary>
/// <param name="Spec">The request.</param>
/// <param name="Traits">What its record says that a run does not model.</param>
/// <param name="Record">The record, kept only where requests can wait for others.</param>
public readonly record struct FedRequest(RequestSpec Spec, UnmodelledTrait Traits, TraceRecord? Record)
{
    internal static FedRequest Of(TraceRecord record, bool mayHaveDependencies) => new(
        new RequestSpec
        {
            Id = mayHaveDependencies ? record.RequestId : record.ExplicitId,
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
        },
        UnmodelledTraits.Of(record),
        mayHaveDependencies ? record : null);
}
