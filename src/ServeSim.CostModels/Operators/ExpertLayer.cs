namespace ServeSim.CostModels.Operators;

/// <summary>A layer of routed experts as one rank sees it. Tokens are those of all ranks that share the experts.</summary>
/// <param name="Hidden">Hidden size.</param>
/// <param name="FfnSize">Rows of an expert's matrices on this rank.</param>
/// <param name="PerToken">Experts that a token uses.</param>
/// <param name="Experts">Experts of all ranks.</param>
/// <param name="Matrices">3 with a gate, else 2.</param>
/// <param name="ExpertRanks">Ranks that share the experts.</param>
/// <param name="Split">Ranks that share the rows of each expert.</param>
public readonly record struct ExpertLayer(double Hidden, double FfnSize, double PerToken, double Experts, double Matrices = 3, double ExpertRanks = 1, double Split = 1)
{
    /// <summary>(token, expert) rows on this rank when routing is balanced.</summary>
    public double Rows(double tokens) => tokens * PerToken / ExpertRanks;

    /// <summary>Rows of an expert's matrices on all ranks.</summary>
    public double WholeFfnSize => FfnSize * Split;

    /// <summary>Weights of one expert.</summary>
    public double ExpertWeights => Matrices * Hidden * FfnSize;

    /// <summary>Multiply-adds of those rows, twice.</summary>
    public double Flops(double tokens) => 2 * ExpertWeights * Rows(tokens);

    /// <summary>Activations inside the experts, two bytes each.</summary>
    public double ActivationBytes(double tokens) => 2 * Matrices * Rows(tokens) * FfnSize;

    /// <summary>Gather and scatter: every rank walks the rows of all ranks, which sets a floor for wide expert parallelism.</summary>
    public double PermutedBytes(double tokens) => 4 * tokens * PerToken * Hidden;
}
