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
    private readonly int _busyGpus = options.GpusPerInstance / options.PipelineStages;
    private readonly PowerWindows _windows = new();
    private Int128 _prefillNanojoules;
    private Int128 _decodeNanojoules;
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

        var from = Math.Max(iteration.Start.Nanoseconds, windowStart.Nanoseconds);
        var seconds = (iteration.End.Nanoseconds - from) * 1e-9;
        var watts = power.BusyWatts(iteration);
        var joules = _busyGpus * watts * seconds;
        var prompt = iteration.PrefillTokens * iteration.LayerShare;
        var tokens = prompt + iteration.DecodeSequences;
        var prefill = tokens > 0 ? joules * (prompt / tokens) : 0;
        _prefillNanojoules += Joules.ToNanojoules(prefill);
        _decodeNanojoules += Joules.ToNanojoules(joules - prefill);
        _busyGpuTime += Math.BigMul(_busyGpus, Math.Max(0, iteration.End.Nanoseconds - from));
        _windows.Add(from - windowStart.Nanoseconds, iteration.End.Nanoseconds - windowStart.Nanoseconds, _busyGpus * (watts - _restWatts) * seconds);
    }

    public void Add(in DecodeRun run, SimTime windowStart)
    {
        for (var i = 0; i < run.Count; i++) Add(run[i], windowStart);
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
        var busy = Joules.FromNanojoules(_prefillNanojoules + _decodeNanojoules);
        var joules = busy + rest;
        var kwh = options.Pue * joules / 3.6e6;
        var windows = _windows.Watts(length, gpus * _restWatts);
        Array.Sort(windows);
        return money with
        {
            Power = power.Info,
            Joules = joules,
            PrefillJoules = Joules.FromNanojoules(_prefillNanojoules),
            DecodeJoules = Joules.FromNanojoules(_decodeNanojoules),
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
