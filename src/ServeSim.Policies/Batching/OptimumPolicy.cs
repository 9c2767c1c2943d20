using ServeSim.Abstractions;
using ServeSim.Policies.Forecasts;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="OptimumPolicy"/>.</summary>
public sealed record OptimumOptions : IntervalOptions;

/// <summary>The bound of Past-Future: the same peak test with the true lengths and nothing in reserve; it never evicts.</summary>
[Policy("optimum", "Past-Future's peak test with true output lengths.", Paper = "Gong et al., Past-Future Scheduler, ASPLOS 2025 (baseline)", UsesOracle = true)]
public sealed class OptimumPolicy(OptimumOptions options, IOracle oracle) : IntervalPolicy(options)
{
    private readonly PeakForecast _future = new();
    private long _capacity;
    private bool _isAlone;

    protected override void BeginRound(in InstanceView view, long capacity)
    {
        (_capacity, _isAlone) = (capacity, view.Running.IsEmpty);
        _future.Clear();
        foreach (var request in view.Running) Add(request);
    }

    /// <summary>Who fits at all is admitted on an empty instance, also where it fills it to the last token.</summary>
    protected override bool Admits(in RequestView candidate)
    {
        Add(candidate);
        var isAlone = _isAlone;
        _isAlone = false;
        return isAlone || _future.PeakTokens() < _capacity;
    }

    private void Add(in RequestView request)
    {
        var (held, left) = RequestLoad.Exact(request, oracle.OutputTokens(request));
        _future.Add(held, left);
    }
}
