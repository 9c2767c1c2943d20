using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Reporting.Energy;

/// <summary>
/// Integrates the power of all GPUs. Every GPU rests with its model loaded, except while an iteration keeps its stage
/// busy: energy is rest power times time, plus, per iteration, what its GPUs draw above rest.
/// </summary>
internal sealed class EnergyMeter(EnergyOptions options)
{
    private readonly double _restWatts = options.Power?.RestWatts(PowerState.Context) ?? 0;
    private readonly long _restMicrowatts = Joules.ToMicrowatts(options.Power?.RestWatts(PowerState.Context) ?? 0);
    private readonly int _busyGpus = options.GpusPerInstance / options.PipelineStages;
    private readonly PowerWindows _windows = new();
    private readonly double[] _watts = new double[128];    // of some iterations of a run
    private Int128 _prefill;        // femtojoules
    private Int128 _decode;
    private Int128 _busyGpuTime;    // whole nanoseconds, so that a run without rest has a rest of exactly 0
    private long _emittedTokens;
    private long _lastEnd;
    private int _instancesSeen;

    public void Add(in IterationRecord iteration, SimTime windowStart)
    {
        _emittedTokens += iteration.EmittedTokens;
        _lastEnd = Math.Max(_lastEnd, iteration.End.Nanoseconds);
        _instancesSeen = Math.Max(_instancesSeen, iteration.Instance + 1);
        if (options.Power is not { } power) return;

        var prompt = iteration.PrefillTokens * iteration.LayerShare;
        var tokens = prompt + iteration.DecodeSequences;
        var all = AddBusy(power.BusyWatts(iteration), iteration.Start.Nanoseconds, iteration.End.Nanoseconds, windowStart.Nanoseconds);
        var prefill = tokens > 0 ? Joules.Share(all, prompt / tokens) : 0;
        _prefill += prefill;
        _decode += all - prefill;
    }

    public void Add(in DecodeRun run, SimTime windowStart)
    {
        _emittedTokens += (long)run.Count * run.Sequences;
        _lastEnd = Math.Max(_lastEnd, run.Ends[^1].Nanoseconds);
        _instancesSeen = Math.Max(_instancesSeen, run.Instance + 1);
        if (options.Power is not { } power) return;

        var start = run.Start.Nanoseconds;
        for (var first = 0; first < run.Count; first += _watts.Length)
        {
            var watts = _watts.AsSpan(0, Math.Min(_watts.Length, run.Count - first));
            power.BusyWatts(run, first, watts);
            for (var i = 0; i < watts.Length; i++)
            {
                // Iterations of equal power are one stretch of time.
                if (i + 1 < watts.Length && watts[i + 1] == watts[i]) continue;
                var end = run.Ends[first + i].Nanoseconds;
                _decode += AddBusy(watts[i], start, end, windowStart.Nanoseconds);
                start = end;
            }
        }
    }

    /// <summary>Adds time in which the GPUs of a stage draw so much; returns their energy in femtojoules.</summary>
    private Int128 AddBusy(double watts, long from, long end, long windowStart)
    {
        from = Math.Max(from, windowStart);
        var time = (long)_busyGpus * Math.Max(0, end - from);
        var microwatts = Joules.ToMicrowatts(watts);
        _busyGpuTime += time;
        _windows.Add(from - windowStart, end - windowStart, _busyGpus * (microwatts - _restMicrowatts));
        return Math.BigMul(microwatts, time);
    }

    public EnergySummary ToSummary(int instances, SimTime? windowStart, TokenTotals tokens, long finished)
    {
        var gpus = options.GpusPerInstance * (instances > 0 ? instances : _instancesSeen);
        var length = windowStart is { } start ? Math.Max(0, _lastEnd - start.Nanoseconds) : 0;
        var seconds = length * 1e-9;
        var usd = options.UsdPerGpuHour * gpus * seconds / 3600;
        var money = new EnergySummary
        {
            Gpus = gpus,
            WindowSeconds = seconds,
            UsdPerGpuHour = options.UsdPerGpuHour,
            Usd = usd,
            UsdPerMillionOutputTokens = Per(usd * 1e6, _emittedTokens),
        };
        if (options.Power is not { } power) return money;

        var rest = _restWatts * ((double)(((Int128)gpus * length) - _busyGpuTime) * 1e-9);
        var busy = Joules.FromFemtojoules(_prefill + _decode);
        var joules = busy + rest;
        var kwh = options.Pue * joules / 3.6e6;
        var windows = _windows.Watts(length, gpus * _restWatts);
        Array.Sort(windows);
        return money with
        {
            Power = power.Info,
            Joules = joules,
            PrefillJoules = Joules.FromFemtojoules(_prefill),
            DecodeJoules = Joules.FromFemtojoules(_decode),
            RestJoules = rest,
            FacilityJoules = options.Pue * joules,
            RestShare = joules > 0 ? rest / joules : null,
            MeanWatts = seconds > 0 ? joules / seconds : null,
            PeakWatts = windows.Length > 0 ? windows[^1] : null,
            P99Watts = windows.Length > 0 ? windows[(int)((windows.Length - 1) * 0.99)] : null,
            PowerWindowSeconds = _windows.Width * 1e-9,
            JoulesPerOutputToken = Per(joules, _emittedTokens),
            BusyJoulesPerOutputToken = Per(busy, _emittedTokens),
            JoulesPerToken = Per(joules, tokens.Input + tokens.Output),
            WattHoursPerRequest = Per(joules / 3600, finished),
            GramsCo2 = options.GramsCo2PerKwh * kwh,
            EnergyUsd = options.UsdPerKwh * kwh,
        };
    }

    private static double? Per(double? amount, long count) => count > 0 ? amount / count : null;
}
