namespace ServeSim.Abstractions;

/// <summary>The state of one instance that policies see through <see cref="InstanceView"/>; the engine alone writes it.</summary>
public sealed class InstanceState
{
    internal InstanceState(int index, RequestTable table, int blockSize, int totalBlocks, int hostBlocks, int pipelineStages, int layers)
    {
        Index = index;
        BlockSize = blockSize;
        TotalBlocks = FreeBlocks = totalBlocks;
        TotalHostBlocks = FreeHostBlocks = hostBlocks;
        PipelineStages = pipelineStages;
        Layers = layers;
        Waiting = new(table, table.Queue);
        Running = new(table, table.Queue);
        Swapped = new(table, table.Queue);
        Prefilling = new(table, table.Prefill);
    }

    internal int Index { get; }
    internal int BlockSize { get; }
    internal int TotalBlocks { get; }
    internal int FreeBlocks { get; set; }
    internal int TotalHostBlocks { get; }
    internal int FreeHostBlocks { get; set; }
    internal int PipelineStages { get; }
    internal int Layers { get; }
    internal SimTime Now { get; set; }
    internal int HeldIterations { get; set; }
    internal SimDuration LastIterationTime { get; set; }
    internal RequestList Waiting { get; }
    internal RequestList Running { get; }
    internal RequestList Swapped { get; }
    internal RequestList Prefilling { get; }
}
