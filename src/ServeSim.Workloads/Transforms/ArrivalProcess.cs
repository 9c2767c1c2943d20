using ServeSim.Abstractions;

namespace ServeSim.Workloads.Transforms;

/// <summary>
/// Arrival times one after the other. Gaps are summed as doubles in written order and each sum is rounded once to a
/// nanosecond; only + - * /, square roots and <see cref="DetMath"/> are used, so every machine gives the same times.
/// </summary>
internal sealed class ArrivalProcess
{
    private readonly ArrivalSpec _spec;
    private readonly RandomStream _random;
    private readonly double _shape;
    private readonly double _scale;
    private double _time;
    private long _count;

    public ArrivalProcess(ArrivalSpec spec, RandomStream random)
    {
        _spec = spec;
        _random = random;
        if (spec.Kind == "gamma")
        {
            _shape = 1 / (spec.Cv * spec.Cv);
            _scale = spec.Cv * spec.Cv / spec.Rate;
        }
        else if (spec.Kind == "weibull")
        {
            _shape = RandomDraws.WeibullShape(spec.Cv);
            _scale = 1 / (spec.Rate * DetMath.Exp(RandomDraws.LogGamma(1 + (1 / _shape))));
        }
    }

    /// <summary>The next arrival; <paramref name="recorded"/> is used by the processes that only move recorded times.</summary>
    public SimTime Next(SimTime? recorded)
    {
        switch (_spec.Kind)
        {
            case "constant":
                return SimTime.FromSeconds(_count++ / _spec.Rate);    // no sum, so no error builds up
            case "burst":
                var period = Math.Max(1, SimDuration.FromSeconds(_spec.Rate).Nanoseconds);
                var time = (recorded ?? SimTime.Zero).Nanoseconds;
                return new(time - (time % period));
            case "poisson":
                _time += -DetMath.Log1P(-_random.NextDouble()) / _spec.Rate;
                break;
            case "gamma":
                _time += RandomDraws.Gamma(_random, _shape) * _scale;
                break;
            case "weibull":
                _time += _scale * DetMath.Pow(_random.NextExponential(), 1 / _shape);
                break;
            default:
                return recorded ?? SimTime.Zero;
        }

        return SimTime.FromSeconds(_time);
    }
}
