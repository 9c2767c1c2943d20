using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Prediction;

/// <summary>Options of <see cref="NoisyPredictor"/>.</summary>
/// <param name="Bias">Factor on every prediction.</param>
/// <param name="Spread">Standard deviation of the logarithm of the error; 0 leaves the bias alone.</param>
public sealed record NoisyPredictorOptions([Range(double.Epsilon, double.MaxValue)] double Bias = 1, [Range(0.0, double.MaxValue)] double Spread = 0.5);

/// <summary>The truth times an error that belongs to the request: asked again, it errs the same way.</summary>
[Policy("noisy", "The true output length with a bias and a near-lognormal error.", UsesOracle = true)]
public sealed class NoisyPredictor(NoisyPredictorOptions options, IOracle oracle, RandomStream random) : ILengthPredictor
{
    private const int Draws = 12;    // the sum of twelve uniform draws has variance 1 and looks normal

    private readonly ulong _seed = random.NextUInt64();
    private readonly RequestMap<int> _predicted = new();

    public int PredictOutputTokens(in RequestView request)
    {
        ref var predicted = ref _predicted[request];
        if (predicted == 0) predicted = Predict(oracle.OutputTokens(request), request.Number);
        return predicted;
    }

    private int Predict(int truth, long number)
    {
        var normal = -Draws / 2.0;
        for (var i = 0; i < Draws; i++) normal += RandomStream.Keyed(_seed, unchecked((number * Draws) + i));
        return (int)Math.Clamp(Math.Round(truth * options.Bias * DetMath.Exp(options.Spread * normal), MidpointRounding.ToEven), 1, int.MaxValue);
    }
}
