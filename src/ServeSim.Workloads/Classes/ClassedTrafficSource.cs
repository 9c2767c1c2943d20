using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Classes;

/// <summary>
/// Gives requests their class and limits. A request's own limits win over those of the class that it names; one with
/// neither class nor limits draws a class by the shares, from a draw that belongs to the request, so that two policies
/// see the same. Who has no class gets the limits of the run.
/// </summary>
/// <param name="source">Where the requests come from.</param>
/// <param name="classes">The class table.</param>
/// <param name="defaults">Limits of the run.</param>
/// <param name="seed">Seed of the draws.</param>
/// <param name="tiers">The limits of request n are multiplied by 1 + n mod this.</param>
public sealed class ClassedTrafficSource(
    ITrafficSource source, IReadOnlyList<SloClass> classes, SloLimits defaults, ulong seed, int tiers = 1) : ITrafficSource
{
    private readonly Dictionary<string, SloClass> _byName = classes.ToDictionary(c => c.Name, StringComparer.Ordinal);
    private readonly double _allShares = classes.Sum(c => c.Share);
    private readonly ulong _seed = new RandomStream(seed, "slo-class").NextUInt64();
    private long _taken;

    /// <inheritdoc/>
    public SimTime NextArrival => source.NextArrival;

    /// <inheritdoc/>
    public long Blocked => source.Blocked;

    /// <inheritdoc/>
    /// <exception cref="InputException">A request names a class that the table does not have.</exception>
    public RequestSpec Take()
    {
        var spec = source.Take();
        var number = _taken++;
        var own = spec.Slo ?? SloLimits.None;
        var of = spec.SloClass is { } name ? Named(name, spec, number) : own.IsEmpty && _allShares > 0 ? Drawn(spec, number) : null;
        var limits = own.Or(of?.Limits ?? defaults).Times(1 + (number % tiers));
        return spec with { SloClass = of?.Name ?? spec.SloClass, SloKind = of?.Kind, Slo = limits.IsEmpty ? null : limits };
    }

    /// <inheritdoc/>
    public void OnEnded(string? requestId, RequestState state, SimTime now) => source.OnEnded(requestId, state, now);

    /// <inheritdoc/>
    public void OnEnded(in RequestRecord request, RequestState state, SimTime now) => source.OnEnded(request, state, now);

    /// <summary>Without a table a name is only a label.</summary>
    private SloClass? Named(string name, in RequestSpec spec, long number) =>
        classes.Count == 0 ? null
        : _byName.TryGetValue(name, out var known) ? known
        : throw new InputException(string.Create(CultureInfo.InvariantCulture,
            $"request {spec.Id ?? $"r{number + 1}"} is of class \"{name}\", which slo.classes does not have; {Suggestion.For(name, _byName.Keys)}"));

    private SloClass Drawn(in RequestSpec spec, long number)
    {
        var left = _allShares * (spec.Id is { } id ? RandomStream.Keyed(_seed, id) : RandomStream.Keyed(_seed, number));
        foreach (var one in classes)
        {
            left -= one.Share;
            if (left < 0) return one;
        }

        return classes.Last(c => c.Share > 0);    // rounding of the sum
    }
}
