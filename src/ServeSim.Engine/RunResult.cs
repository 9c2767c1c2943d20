using ServeSim.Abstractions;

namespace ServeSim.Engine;

/// <summary>How a run ended. Arrived = finished + rejected + aborted + unfinished (INV-2).</summary>
/// <param name="End">Simulated time of the last event.</param>
/// <param name="Arrived">Requests that reached the gateway.</param>
/// <param name="Finished">Requests whose tokens all came out.</param>
/// <param name="Rejected">Requests refused by the engine, the router or the policy.</param>
/// <param name="Aborted">Requests whose client gave up.</param>
/// <param name="Unfinished">Requests in flight when the run was stopped.</param>
/// <param name="NeverReleased">Requests of the trace that wait for others which never ended.</param>
/// <param name="IsPartial">True when the run was stopped before its trace was served.</param>
/// <param name="Fingerprint">Digest of all iterations and ends.</param>
public sealed record RunResult(
    SimTime End, long Arrived, long Finished, long Rejected, long Aborted, long Unfinished, long NeverReleased, bool IsPartial, ulong Fingerprint);
