namespace ServeSim.Abstractions;

/// <summary>
/// The next iteration, filled by a policy. The plan keeps its own account of KV blocks, so what a verb grants will
/// fit; the engine carries the whole plan out in one go or, when a rule is broken, not at all (<see cref="PolicyFault"/>).
/// The object is made by the engine and reused for ever.
/// </summary>
public abstract class BatchPlan
{
    /// <summary>Tokens that the iteration computes so far, prompts and decodes.</summary>
    public int TokenCount => PrefillTokenCount + DecodeCount;

    /// <summary>Requests that take part so far.</summary>
    public abstract int SequenceCount { get; }

    /// <summary>Requests that will hold KV on the GPU after this plan, in flight or idle ones included.</summary>
    public abstract int ResidentCount { get; }

    /// <summary>Prompt tokens so far.</summary>
    public abstract int PrefillTokenCount { get; }

    /// <summary>Requests that decode one token so far.</summary>
    public abstract int DecodeCount { get; }

    /// <summary>Requests preempted so far.</summary>
    public abstract int PreemptCount { get; }

    /// <summary>A request preempted so far, in the order of preemption.</summary>
    public abstract RequestView Preempted(int index);

    /// <summary>KV blocks still free under this plan.</summary>
    public abstract int FreeBlocks { get; }

    /// <summary>KV blocks that an admission must leave free (<see cref="EngineLimits.Watermark"/>).</summary>
    public abstract int WatermarkBlocks { get; }

    /// <summary>True when nothing computes and nothing moves.</summary>
    public bool IsEmpty => SequenceCount == 0 && PreemptCount == 0;

    /// <summary>True when all work so far is decoding.</summary>
    public bool IsDecodeOnly => DecodeCount > 0 && PrefillTokenCount == 0;

    /// <summary>What the iteration would take as planned so far.</summary>
    public abstract SimDuration EstimatedTime { get; }

    /// <summary>Tokens left of a request's prefill under this plan: all of it again if the plan preempts the request.</summary>
    public abstract int PrefillTokensOf(in RequestView request);

    /// <summary>Tokens whose KV the request holds before its part in this plan: none if the plan preempts it.</summary>
    public abstract int ContextTokensOf(in RequestView request);

    /// <summary>One decode token for every running request that decodes; false (and nothing planned) if the blocks do not suffice.</summary>
    public abstract bool TryDecodeAll();

    /// <summary>
    /// The short cut for a policy that is about to visit its decoding requests one by one in <paramref name="order"/>, as the
    /// first thing in a plan: true, and all of them decode, when each of them would certainly be granted its token while at
    /// most <paramref name="maxSequences"/> take part and <paramref name="spareBlocks"/> blocks stay free. False, and nothing
    /// is planned, means only that the engine does not know without a look at each (the plain executor never does): visit them.
    /// </summary>
    public virtual bool TryDecodeAllAtOnce(DecodeOrder order, int maxSequences = int.MaxValue, int spareBlocks = 0) => false;

    /// <summary>One decode token; false if a block is needed and none is free.</summary>
    public abstract bool TryDecode(in RequestView request);

    /// <summary>
    /// A prefill chunk for a running or waiting request. Grants at most what is left of its prefill; 0 when
    /// <paramref name="tokens"/> is not positive or the blocks do not suffice (an admission leaves the watermark free).
    /// </summary>
    public abstract int TryPrefill(in RequestView request, int tokens);

    /// <summary>
    /// The same chunk through some of the layers only. A chunk enters at layer 0 and crosses the layers in order, in as many
    /// iterations as it takes, with the same number of tokens; its blocks are taken when it enters, its tokens count as computed
    /// once it has left the last layer, and until then its activations are kept. A preemption drops them, like the KV.
    /// </summary>
    public abstract int TryPrefill(in RequestView request, int tokens, LayerRange layers);

    /// <summary>
    /// Lets the iteration be ended early, at the next such boundary, when <see cref="IBatchPolicy.ShouldInterrupt"/> asks for it.
    /// Its chunks keep what they have crossed. It cannot hold decodes, whose tokens come out at its end.
    /// </summary>
    public abstract void InterruptibleAt(Boundary boundary);

    /// <summary>Gives a waiting or running request blocks for <paramref name="contextTokens"/> tokens; false if they do not suffice.</summary>
    public abstract bool Reserve(in RequestView request, long contextTokens);

    /// <summary>Brings a swapped request's KV back; it can decode in this iteration. False if it and its next token do not fit above the watermark.</summary>
    public abstract bool TrySwapIn(in RequestView request);

    /// <summary>True when the host has room for a request's KV.</summary>
    public abstract bool CanSwapOut(in RequestView request);

    /// <summary>
    /// Takes the GPU away from a running request that this plan does not use. Its blocks are free at once. If its KV is
    /// dropped it counts as waiting from here on, and the same plan may admit it again.
    /// </summary>
    public abstract void Preempt(in RequestView request, PreemptMode mode = PreemptMode.Recompute, QueueEnd end = QueueEnd.Front);

    /// <summary>Takes back the work planned for a request, so that it can be preempted.</summary>
    public abstract void Withdraw(in RequestView request);

    /// <summary>True if the request takes part in this plan.</summary>
    public abstract bool Contains(in RequestView request);

    /// <summary>True if this plan preempts the request.</summary>
    public abstract bool IsPreempted(in RequestView request);

    /// <summary>True if this plan refuses the request.</summary>
    public abstract bool IsRejected(in RequestView request);

    /// <summary>Refuses a waiting request for good.</summary>
    public abstract void Reject(in RequestView request, string reason);

    /// <summary>Asks to plan again at <paramref name="time"/> even if nothing happens until then; the earliest call counts.</summary>
    public abstract void WakeAt(SimTime time);

    /// <summary>
    /// A promise: while nothing arrives at, ends on or leaves this instance and the blocks suffice, the policy would go on to
    /// plan the same, however often it is asked, and being asked does not change it. It matters for a plan that decodes
    /// everybody and does nothing else (padding counts as planned the same if each padded row attends one token more every
    /// time); the fast executor then need not ask again, the plain one asks all the same.
    /// </summary>
    public void HoldUntilChange() => HoldFor(int.MaxValue);

    /// <summary>
    /// <see cref="HoldUntilChange"/> for this iteration and those after it, <paramref name="iterations"/> in all. A policy that
    /// counts its plans learns from <see cref="InstanceView.HeldIterations"/> how many of them it was not asked for.
    /// </summary>
    public virtual void HoldFor(int iterations) { }

    /// <summary>
    /// <see cref="HoldUntilChange"/>, and an end is no change either: whoever is left goes on to decode, and the plan still does nothing
    /// else. For a policy that sees nobody waiting, in prefill or swapped out; ignored where somebody is.
    /// </summary>
    public virtual void HoldUntilArrival() => HoldUntilChange();

    /// <summary>Lets swap copies run beside the computation: the iteration takes the longer of the two instead of the sum.</summary>
    public abstract void OverlapSwaps();

    /// <summary>Charges compute for rows that do no useful work (static batching's padding), each attending <paramref name="contextTokens"/>.</summary>
    public abstract void Pad(int sequences, long contextTokens);
}
