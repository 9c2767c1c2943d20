using ServeSim.Abstractions;

namespace ServeSim.Policies.Prediction;

/// <summary>Knows every output length: the bound that no predictor passes.</summary>
[Policy("oracle", "The true output length.", UsesOracle = true)]
public sealed class OraclePredictor(IOracle oracle) : ILengthPredictor
{
    public int PredictOutputTokens(in RequestView request) => oracle.OutputTokens(request);
}
