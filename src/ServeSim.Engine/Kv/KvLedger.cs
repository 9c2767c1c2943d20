using ServeSim.Abstractions;

namespace ServeSim.Engine.Kv;

/// <summary>
/// Who owns which number of KV blocks of one instance, on the GPU and in host memory. The only place that turns tokens
/// into blocks and the only writer of block counts (INV-4, INV-5).
/// </summary>
internal sealed class KvLedger(RequestTable table, InstanceState state, double watermark, long bytesPerBlock)
{
    /// <summary>Blocks that an admission must leave free.</summary>
    public int WatermarkBlocks { get; } = (int)Math.Floor(watermark * state.TotalBlocks);

    /// <summary>Blocks that hold this many tokens.</summary>
    public int BlocksFor(long tokens) => checked((int)((tokens + state.BlockSize - 1) / state.BlockSize));

    /// <summary>Bytes of KV in this many blocks.</summary>
    public long Bytes(int blocks) => blocks * bytesPerBlock;

    /// <summary>GPU blocks in use.</summary>
    public int UsedBlocks => state.TotalBlocks - state.FreeBlocks;

    public void Take(int row, int blocks)
    {
        state.FreeBlocks -= blocks;
        table[row].Blocks += blocks;
        if (blocks < 0 || state.FreeBlocks < 0) throw new InvariantException("INV-4: a KV block was taken that is not free");
    }

    /// <summary>Takes blocks for members of a decode cohort, whose rows are written when they leave it.</summary>
    public void TakeForCohort(int blocks)
    {
        state.FreeBlocks -= blocks;
        if (blocks < 0 || state.FreeBlocks < 0) throw new InvariantException("INV-4: a KV block was taken that is not free");
    }

    public void Free(int row)
    {
        state.FreeBlocks += table[row].Blocks;
        state.FreeHostBlocks += table[row].HostBlocks;
        table[row].Blocks = table[row].HostBlocks = 0;
        if (state.FreeBlocks > state.TotalBlocks || state.FreeHostBlocks > state.TotalHostBlocks)
            throw new InvariantException("INV-4: more KV blocks are free than exist");
    }

    /// <summary>Moves the blocks that hold tokens to the host; reserved ones without content are only freed. Returns the bytes copied.</summary>
    public long SwapOut(int row)
    {
        var content = BlocksFor(table[row].Context);
        state.FreeBlocks += table[row].Blocks;
        state.FreeHostBlocks -= content;
        (table[row].Blocks, table[row].HostBlocks) = (0, content);
        if (state.FreeHostBlocks < 0) throw new InvariantException("INV-5: a host block was taken that is not free");
        return Bytes(content);
    }

    /// <summary>Moves a request's KV back to the GPU. Returns the bytes copied.</summary>
    public long SwapIn(int row)
    {
        var content = table[row].HostBlocks;
        state.FreeHostBlocks += content;
        table[row].HostBlocks = 0;
        Take(row, content);
        return Bytes(content);
    }
}
