using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Prediction;

/// <summary>Options of <see cref="ProxyRankPredictor"/>.</summary>
/// <param name="Tau">Kendall's rank correlation of the answers with the truth, 0 to 1.</param>
/// <param name="Remembered">Earlier requests whose places a misjudged one can take.</param>
public sealed record ProxyRankOptions([Range(0.0, 1.0)] double Tau = 0.5, [Range(1, int.MaxValue)] int Remembered = 4096);

/// <summary>
/// Orders requests without knowing how long they are. A share s of them is placed truly, the others where an earlier request
/// chosen at random belongs. Two that are placed truly agree with the truth, one that is does by 1/3 and none by 0 (for any
/// lengths, as they come from one distribution): Kendall's tau is s² + 2 s (1 - s) / 3, so s = √(1 + 3 tau) - 1.
/// </summary>
[Policy("proxy-rank", "A rank without a scale, of a given correlation with the true order.", UsesOracle = true,
    Paper = "Fu et al., learning to rank, NeurIPS 2024")]
public sealed class ProxyRankPredictor(ProxyRankOptions options, IOracle oracle, RandomStream random) : ILengthPredictor
{
    private const double Steps = 1000;    // per factor e

    private readonly ulong _truths = random.NextUInt64();
    private readonly ulong _places = random.NextUInt64();
    private readonly double _share = Math.Sqrt(1 + (3 * options.Tau)) - 1;
    private readonly RequestMap<int> _ranks = new();
    private readonly List<int> _earlier = [];
    private int _oldest;

    /// <summary>A rank, the same whenever it is asked for; only its order means anything.</summary>
    public int PredictOutputTokens(in RequestView request)
    {
        ref var rank = ref _ranks[request];
        if (rank == 0) rank = Rank(oracle.OutputTokens(request), request.Number);
        return rank;
    }

    private int Rank(int truth, long number)
    {
        var length = _earlier.Count == 0 || RandomStream.Keyed(_truths, number) < _share
            ? truth
            : _earlier[(int)(RandomStream.Keyed(_places, number) * _earlier.Count)];
        if (_earlier.Count < options.Remembered) _earlier.Add(truth);
        else _earlier[_oldest++ % options.Remembered] = truth;
        return 1 + (int)Math.Round(Steps * DetMath.Log(length), MidpointRounding.ToEven);
    }
}
