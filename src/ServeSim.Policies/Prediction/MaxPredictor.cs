using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Prediction;

/// <summary>Options of <see cref="MaxPredictor"/>.</summary>
/// <param name="MaxNewTokens">Assumed for a client that sent no cap.</param>
public sealed record MaxPredictorOptions([Range(1, int.MaxValue)] int MaxNewTokens = 4096);

/// <summary>Assumes the worst: every output reaches the client's cap.</summary>
[Policy("max", "The cap that the client sent, or a fixed one.")]
public sealed class MaxPredictor(MaxPredictorOptions options) : ILengthPredictor
{
    public int PredictOutputTokens(in RequestView request) => Math.Max(1, request.MaxOutputTokens ?? options.MaxNewTokens);
}
