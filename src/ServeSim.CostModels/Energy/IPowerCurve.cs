using System.Numerics;
using System.Runtime.InteropServices;
using ServeSim.Abstractions;

namespace ServeSim.CostModels.Energy;

/// <summary>Watts of a GPU over an iteration.</summary>
internal interface IPowerCurve
{
    double Watts(in IterationRecord iteration);

    /// <summary>False if the same requests, decoding one token each, draw the same in every iteration.</summary>
    bool DependsOnTime => false;

    /// <summary>The iterations of a run from <paramref name="first"/> on, one for each entry.</summary>
    void Watts(in DecodeRun run, int first, Span<double> watts)
    {
        for (var i = 0; i < watts.Length; i++) watts[i] = Watts(run[first + i]);
    }
}

/// <summary>One power for prefill, one for decode; an iteration that does both draws the larger (splitwise-sim).</summary>
internal sealed class PhaseCurve(double prefillWatts, double decodeWatts) : IPowerCurve
{
    public double Watts(in IterationRecord iteration) => iteration switch
    {
        { PrefillTokens: 0 } => decodeWatts,
        { DecodeSequences: 0 } => prefillWatts,
        _ => Math.Max(prefillWatts, decodeWatts),
    };
}

/// <summary>A power of the FLOP rate up to a saturation (Vidur-Energy, arXiv 2507.11417).</summary>
internal sealed class MfuCurve(double rest, double most, double saturation, double exponent, ModelFlops model, double peakFlopsPerSecond) : IPowerCurve
{
    public double Watts(in IterationRecord iteration)
    {
        var seconds = (iteration.End - iteration.Start).Nanoseconds * 1e-9;
        return WattsAt(seconds > 0 ? model.Flops(iteration) / (seconds * peakFlopsPerSecond) : 0);
    }

    public bool DependsOnTime => true;

    public void Watts(in DecodeRun run, int first, Span<double> watts)
    {
        var done = 0;
        var fixedFlops = model.FixedFlops(run.Sequences, run.Sequences);
        for (var lanes = Vector<double>.Count; done + lanes <= watts.Length; done += lanes)
        {
            var at = first + done;
            var ends = new Vector<long>(MemoryMarshal.Cast<SimTime, long>(run.Ends)[at..]);
            var starts = at == 0 ? Starts(run) : new Vector<long>(MemoryMarshal.Cast<SimTime, long>(run.Ends)[(at - 1)..]);
            var seconds = Vector.ConvertToDouble(ends - starts) * 1e-9;
            var pairs = Vector.CreateSequence(run.DecodeContextTokens + ((double)at * run.Rows), run.Rows) + new Vector<double>(run.Sequences);
            var mfu = (new Vector<double>(fixedFlops) + (model.PerPair * pairs)) / (seconds * peakFlopsPerSecond);
            if (Vector.GreaterThanAll(seconds, Vector<double>.Zero) && Vector.GreaterThanAll(mfu, Vector<double>.Zero)) WattsAt(mfu).CopyTo(watts[done..]);
            else for (var i = done; i < done + lanes; i++) watts[i] = Watts(run[first + i]);
        }

        for (; done < watts.Length; done++) watts[done] = Watts(run[first + done]);
    }

    private static Vector<long> Starts(in DecodeRun run)
    {
        Span<long> starts = stackalloc long[Vector<long>.Count];
        starts[0] = run.Start.Nanoseconds;
        for (var i = 1; i < starts.Length; i++) starts[i] = run.Ends[i - 1].Nanoseconds;
        return new(starts);
    }

    private Vector<double> WattsAt(Vector<double> mfu)
    {
        var (saturated, limit) = (new Vector<double>(most), new Vector<double>(saturation));
        var below = new Vector<double>(rest) + ((most - rest) * DetMath.Pow(mfu / limit, exponent));
        return Vector.ConditionalSelect(Vector.GreaterThanOrEqual(mfu, limit), saturated, below);
    }

    /// <summary>Watts at a share of the peak FLOP rate.</summary>
    public double WattsAt(double mfu) => mfu <= 0 ? rest
        : mfu >= saturation ? most
        : rest + ((most - rest) * DetMath.Pow(mfu / saturation, exponent));
}

/// <summary>
/// A logistic in the logarithm of the load. The published load is the number of sequences that decode; a prompt token
/// counts like one of them here, so that a lone prefill is not taken for an almost idle GPU.
/// </summary>
internal sealed class LogisticCurve(double rest, double nominal, double steepness, double midpoint) : IPowerCurve
{
    private const int KnownTokens = 1024;
    private static readonly double _ln2 = DetMath.Log(2);
    private readonly double[] _known = new double[KnownTokens];    // 0 where not yet worked out: two logarithms an iteration are a fifth of a run

    public double Watts(in IterationRecord iteration)
    {
        var tokens = (iteration.PrefillTokens * iteration.LayerShare) + iteration.DecodeSequences;
        if (iteration.LayerShare != 1 || tokens >= KnownTokens) return WattsAt(tokens);
        var watts = _known[(int)tokens];
        return watts != 0 ? watts : _known[(int)tokens] = WattsAt(tokens);
    }

    /// <summary>Watts with so many tokens in the iteration.</summary>
    public double WattsAt(double tokens) =>
        rest + ((nominal - rest) / (1 + DetMath.Exp(-steepness * ((DetMath.Log(Math.Max(1, tokens)) / _ln2) - midpoint))));
}

/// <summary>A straight line in the tokens of the iteration up to a limit.</summary>
internal sealed class LinearCurve(double rest, double nominal, double limitTokens) : IPowerCurve
{
    public double Watts(in IterationRecord iteration) =>
        rest + ((nominal - rest) * Math.Min(1, ((iteration.PrefillTokens * iteration.LayerShare) + iteration.DecodeSequences) / limitTokens));
}
