using System.Numerics;

namespace ServeSim.CostModels.Roofline;

/// <summary>Attention of one layer in a decode iteration of a given batch, affine in its contexts but for one step. Microseconds.</summary>
/// <param name="Fixed">Part that only the number of sequences sets.</param>
/// <param name="PerKey">For every key that is read.</param>
/// <param name="PerLongest">For every key of the longest context.</param>
/// <param name="Split">Joining the parts of a context longer than a block.</param>
/// <param name="BlockTokens">Keys of a block.</param>
internal readonly record struct DecodeSlopes(double Fixed, double PerKey, double PerLongest, double Split, double BlockTokens)
{
    /// <summary>One layer and iteration.</summary>
    public double Microseconds(double keys, double longest) => Fixed + (PerKey * keys) + (PerLongest * longest) + (longest > BlockTokens ? Split : 0);

    /// <summary>One layer and as many iterations as a vector has lanes, each to the bit as alone.</summary>
    public Vector<double> Microseconds(Vector<double> keys, Vector<double> longest) =>
        new Vector<double>(Fixed) + (PerKey * keys) + (PerLongest * longest)
        + Vector.ConditionalSelect(Vector.GreaterThan(longest, new Vector<double>(BlockTokens)), new Vector<double>(Split), Vector<double>.Zero);

    /// <summary>One layer and several iterations, from their sums.</summary>
    /// <param name="iterations">Iterations.</param>
    /// <param name="keys">Keys of all of them.</param>
    /// <param name="longest">Sum of their longest contexts.</param>
    /// <param name="beyond">How many of them have a longest context beyond a block.</param>
    public double Sum(double iterations, double keys, double longest, double beyond) =>
        (iterations * Fixed) + (PerKey * keys) + (PerLongest * longest) + (Split * beyond);
}
