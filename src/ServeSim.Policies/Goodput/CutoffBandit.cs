using ServeSim.Abstractions;

namespace ServeSim.Policies.Goodput;

/// <summary>
/// Adapts the cutoff of <see cref="GroupedMargin"/>: each value is kept for some frames; then the one with the best last
/// measured rate comes next, or with some chance any. The rule is ours; JITServe says only that it explores.
/// </summary>
/// <param name="start">The first value; the nearest candidate is taken.</param>
/// <param name="random">Draws of the exploration.</param>
public sealed class CutoffBandit(double start, RandomStream random)
{
    /// <summary>Frames for which a value is kept.</summary>
    public const int FramesPerTrial = 20;

    private const double Exploration = 0.1;
    private static readonly double[] Values = [0.8, 0.9, 0.95, 0.99];

    private readonly double[] _rates = new double[Values.Length];
    private int _current = Nearest(start);
    private int _frames;
    private double _earned;
    private double _seconds;

    /// <summary>The value to use.</summary>
    public double Cutoff => Values[_current];

    /// <summary>A frame has ended.</summary>
    public void Add(double earned, double seconds)
    {
        _earned += earned;
        _seconds += seconds;
        if (++_frames < FramesPerTrial) return;
        _rates[_current] = _seconds > 0 ? _earned / _seconds : 0;
        (_frames, _earned, _seconds) = (0, 0, 0);
        if (random.NextDouble() < Exploration)
        {
            _current = random.NextInt(Values.Length);
            return;
        }

        for (var i = 0; i < Values.Length; i++)
            if (_rates[i] > _rates[_current]) _current = i;
    }

    private static int Nearest(double value)
    {
        var best = 0;
        for (var i = 1; i < Values.Length; i++)
            if (Math.Abs(Values[i] - value) < Math.Abs(Values[best] - value)) best = i;
        return best;
    }
}
