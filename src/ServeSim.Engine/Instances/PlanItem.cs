using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>What a plan does with one request.</summary>
internal struct PlanItem
{
    public int Row;
    public int Tokens;       // computed in the iteration; 0 when the item only moves memory
    public int FirstSublayer; // that the tokens cross
    public int EndSublayer;   // 0: all layers
    public bool IsDecode;
    public bool IsAdmission; // leaves the waiting queue
    public bool IsSwapIn;
    public bool IsPreempted;     // loses its KV first; the same item may admit it again
    public PreemptMode Mode;     // how, if it is preempted
    public bool IsRejected;
    public int NewBlocks;    // beyond what it owns before the plan
}

/// <summary>A preemption in the order in which the policy asked for it.</summary>
internal readonly record struct Preemption(int Row, PreemptMode Mode, QueueEnd End);

/// <summary>A refusal by the policy.</summary>
internal readonly record struct Refusal(int Row, string Reason);
