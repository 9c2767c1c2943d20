namespace ServeSim.CostModels.Memory;

/// <summary>
/// Weights that are streamed through a window of blocks because they do not fit (TPI-LLM, arXiv 2410.00531): a loader fetches blocks in
/// their cyclic order and keeps at most so many, the current one included; a block is computed when it is there and is released behind.
/// <c>start_load(i) = max(end_load(i−1), end_compute(i−w))</c>, <c>end_compute(i) = max(end_compute(i−1), end_load(i)) + compute(i)</c>.
/// </summary>
public static class WeightWindow
{
    /// <summary>Times of consecutive tokens, in the unit of the blocks' times.</summary>
    /// <param name="blocks">Load and compute time of each block of the model in order, communication in the compute time.</param>
    /// <param name="window">Blocks held at once, at least 1; all of them keeps them after the first token.</param>
    /// <param name="tokens">Tokens, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no block, no window or no token.</exception>
    public static double[] TokenTimes(IReadOnlyList<(double Load, double Compute)> blocks, int window, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfZero(blocks.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        var (times, computed) = (new double[tokens], new double[blocks.Count * tokens]);
        double loaded = 0, done = 0, before = 0;
        for (var i = 0; i < computed.Length; i++)
        {
            var (load, compute) = blocks[i % blocks.Count];
            var isKept = window >= blocks.Count && i >= blocks.Count;
            if (!isKept) loaded = Math.Max(loaded, i >= window ? computed[i - window] : 0) + load;
            computed[i] = done = Math.Max(done, loaded) + compute;
            if ((i + 1) % blocks.Count != 0) continue;
            times[i / blocks.Count] = done - before;
            before = done;
        }

        return times;
    }
}
