using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>A request of a trace on its way to the traffic source.</summary>
/// <param name="Spec">The request.</param>
/// <param name="Traits">What its record says that a run does not model.</param>
/// <param name="Record">The record, kept only where requests can wait for others.</param>
public readonly record struct FedRequest(RequestSpec Spec, UnmodelledTrait Traits, TraceRecord? Record)
{
    internal static FedRequest Of(TraceRecord record, bool mayHaveDependencies) =>
        new(record.ToRequest(mayHaveDependencies), UnmodelledTraits.Of(record), mayHaveDependencies ? record : null);
}
