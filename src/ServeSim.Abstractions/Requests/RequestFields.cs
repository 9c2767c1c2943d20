namespace ServeSim.Abstractions;

/// <summary>All that the engine keeps of a request in flight: a row of the <see cref="RequestTable"/>.</summary>
internal struct RequestFields
{
    internal long Number;               // position in arrival order; identifies the request for ever
    internal DecodeClock? Clock;        // of the decode cohort that the row is in, or null; then most fields date from JoinStep
    internal long PlanStamp;            // plan in which the row was last named
    internal int PlanEntry;             // its item there
    internal int Instance;
    internal int PrefillTarget;         // tokens whose KV the current prefill must produce: p + g at admission
    internal int Context;               // tokens whose KV is in memory (GPU or host)
    internal int Generated;
    internal int HighWater;             // largest context ever reached; progress for the livelock guard
    internal int Blocks;                // GPU blocks owned
    internal int HostBlocks;
    internal int OwedTokens;            // known tokens that the prefill leaves out (RecomputeProcessed); paid by decodes
    internal int Sublayers;             // that the current chunk has crossed (LayerSlice); 0 between chunks
    internal int ChunkTokens;           // of that chunk
    internal int OnTimeTokens;
    internal int Preemptions;
    internal int CohortPlace;
    internal RequestState State;
    internal bool InFlight;             // part of an iteration that has not ended
    internal long Admission;            // order of admissions to the GPU; sorts like the running list
    internal long JoinStep;
    internal long RecomputedTokens;
    internal SimTime QueuedAt;          // when it last entered the waiting queue
    internal SimTime ScheduledAt;       // start of its first iteration, or Never
    internal SimTime FirstTokenAt;      // or Never
    internal SimTime LastTokenAt;
    internal SimTime TokenDeadline;     // of the next token under the request's TTFT and TBT limits
    internal SimTime GiveUpAt;          // when its client looks again whether to give up
    internal SimDuration MaxGap;
    internal RequestSpec Spec;
}
