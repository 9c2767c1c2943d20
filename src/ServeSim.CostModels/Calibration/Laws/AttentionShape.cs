namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>Attention heads of one device.</summary>
/// <param name="QueryHeads">Query heads.</param>
/// <param name="KvHeads">KV heads.</param>
/// <param name="HeadSize">Elements of a head.</param>
/// <param name="KvBytes">Bytes of a cached element.</param>
public readonly record struct AttentionShape(double QueryHeads, double KvHeads, double HeadSize, double KvBytes = 2);
