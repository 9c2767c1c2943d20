namespace ServeSim.Abstractions;

/// <summary>What a batching policy sees of its instance at a planning instant.</summary>
public readonly ref struct InstanceView
{
    private readonly InstanceState _state;

    internal InstanceView(InstanceState state) => _state = state;

    /// <summary>The planning instant.</summary>
    public SimTime Now => _state.Now;

    /// <summary>Number of the instance, from 0.</summary>
    public int Instance => _state.Index;

    /// <summary>Requests without KV, first in line first; preempted ones where their preemption put them.</summary>
    public RequestList Waiting => _state.Waiting;

    /// <summary>Requests that hold KV on the GPU, in the order of their (last) admission.</summary>
    public RequestList Running => _state.Running;

    /// <summary>Those of <see cref="Running"/> whose prefill is not complete, same order.</summary>
    public RequestList Prefilling => _state.Prefilling;

    /// <summary>Requests whose KV lies in host memory, in the order in which they were swapped out.</summary>
    public RequestList Swapped => _state.Swapped;

    /// <summary>KV tokens per block.</summary>
    public int BlockSize => _state.BlockSize;

    /// <summary>KV blocks of the instance.</summary>
    public int TotalBlocks => _state.TotalBlocks;

    /// <summary>KV blocks that nobody owns.</summary>
    public int FreeBlocks => _state.FreeBlocks;

    /// <summary>Host blocks of the instance.</summary>
    public int TotalHostBlocks => _state.TotalHostBlocks;

    /// <summary>Host blocks that nobody owns.</summary>
    public int FreeHostBlocks => _state.FreeHostBlocks;

    /// <summary>KV capacity in tokens.</summary>
    public long CapacityTokens => (long)_state.TotalBlocks * _state.BlockSize;

    /// <summary>Tokens that the free KV blocks can hold.</summary>
    public long FreeTokens => (long)_state.FreeBlocks * _state.BlockSize;

    /// <summary>Blocks that hold this many tokens.</summary>
    public int BlocksFor(long tokens) => checked((int)((tokens + _state.BlockSize - 1) / _state.BlockSize));

    /// <summary>Iterations that can be in flight at once; 1 without pipeline parallelism.</summary>
    public int PipelineStages => _state.PipelineStages;

    /// <summary>
    /// Iterations that ran since the last plan because it was held (<see cref="BatchPlan.HoldFor"/>), besides its own; 0 wherever
    /// the executor asks for every iteration.
    /// </summary>
    public int HeldIterations => _state.HeldIterations;

    /// <summary>Layers of the model, for work by layers; 0 if the cost model knows none.</summary>
    public int Layers => _state.Layers;

    /// <summary>Duration of the iteration that ended last; zero before the first.</summary>
    public SimDuration LastIterationTime => _state.LastIterationTime;
}
