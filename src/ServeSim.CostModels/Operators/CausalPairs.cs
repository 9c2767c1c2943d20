using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Operators;

/// <summary>Closed forms of what q new tokens after c cached ones attend to.</summary>
internal static class CausalPairs
{
    /// <summary>(query, key) pairs.</summary>
    public static long Count(int tokens, int cached, AttentionWindow? window)
    {
        long q = tokens, c = cached;
        if (window is null) return (q * c) + (q * (q + 1) / 2);
        long size = window.Tokens;
        if (window.Kind == WindowKind.Chunked) return ChunkedPrefix(c + q, size) - ChunkedPrefix(c, size);
        var growing = Math.Clamp(size - c, 0, q);
        return (growing * c) + (growing * (growing + 1) / 2) + ((q - growing) * size);
    }

    /// <summary>Keys that must be read at least once.</summary>
    public static long KeysRead(int tokens, int cached, AttentionWindow? window)
    {
        long q = tokens, c = cached;
        return window switch
        {
            null => c + q,
            { Kind: WindowKind.Chunked } => c + q - (c / window.Tokens * window.Tokens),
            _ => Math.Min(c + q, window.Tokens + q - 1),
        };
    }

    /// <summary>
    /// Keys that a kernel reads which fetches whole blocks of the paged cache, over so many decode iterations of one request:
    /// the sum over j of ⌈(c + 1 + j) / block⌉ · block, in closed form.
    /// </summary>
    public static long BlockRoundedKeys(int cached, int iterations, int block) => block * (Blocks(cached + (long)iterations, block) - Blocks(cached, block));

    // Sum of ⌈i / block⌉ for i from 1 to n.
    private static long Blocks(long n, long block)
    {
        var (full, rest) = (n / block, n % block);
        return (block * (full * (full + 1) / 2)) + (rest * (full + 1));
    }

    // Pairs of the first n tokens of a sequence when attention restarts at every multiple of the chunk.
    private static long ChunkedPrefix(long n, long size)
    {
        var (full, rest) = (n / size, n % size);
        return (full * (size * (size + 1) / 2)) + (rest * (rest + 1) / 2);
    }
}
