namespace ServeSim.CostModels.Models;

/// <summary>Multi-head latent attention: keys and values are kept as one low-rank vector a token.</summary>
/// <param name="QueryRank">Rank of the query projection; 0 when queries are projected directly.</param>
/// <param name="KvRank">Rank of the cached latent.</param>
/// <param name="NopeHeadSize">Query/key head size without positions.</param>
/// <param name="RopeHeadSize">Query/key head size with positions, shared by the heads of the key.</param>
/// <param name="ValueHeadSize">Value head size.</param>
public sealed record LatentAttentionShape(int QueryRank, int KvRank, int NopeHeadSize, int RopeHeadSize, int ValueHeadSize)
{
    /// <summary>Elements cached per token and layer.</summary>
    public int CachedElements => KvRank + RopeHeadSize;
}
