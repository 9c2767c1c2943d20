using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Experiments.Scenarios;
using ServeSim.Workloads;
using ServeSim.Workloads.Synthetic;

namespace ServeSim.Experiments.Composition;

/// <summary>The requests of one run: a trace or a synthetic workload at its own times, or clients that take theirs from either or draw them.</summary>
public sealed class RunTraffic : IDisposable
{
    private readonly TracePipeline? _trace;
    private readonly TraceTrafficSource? _open;
    private readonly ClosedLoopTrafficSource? _closed;
    private readonly UnmodelledTraits _unmodelled = new();

    /// <summary>Opens what the scenario names.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    internal RunTraffic(Scenario scenario, string name, Func<bool, TracePipeline> open)
    {
        var clients = scenario.Clients;
        var workload = scenario.Workload?.ToWorkload();
        if (workload is null && clients.Lengths is null) _trace = open(clients.Count > 0);
        if (clients.Count > 0)
        {
            var row = _trace is not null ? _trace.Requests(_unmodelled)
                : workload is not null ? workload.DrawUntimed(scenario.Seed)
                : LengthPair.Parse(clients.Lengths!).Requests(scenario.Seed, clients.MaxOutput);
            Source = _closed = new ClosedLoopTrafficSource(clients.ToLoad(), row);
        }
        else if (workload is not null) Source = new ListTrafficSource(workload.Draw(scenario.Seed));
        else Source = _open = new TraceTrafficSource(_trace!, name);
    }

    /// <summary>What the engine pulls.</summary>
    public ITrafficSource Source { get; }

    /// <summary>Warnings of the trace.</summary>
    public IReadOnlyList<string> Warnings => _open?.Warnings ?? _trace?.Warnings ?? [];

    /// <summary>What a reader of the results should know about the requests, once the run is over.</summary>
    public IReadOnlyList<string> Notes(RunResult result)
    {
        var notes = new List<string>();
        foreach (var (reason, count) in _open?.Dropped ?? _trace?.Counts.Dropped ?? new Dictionary<string, long>()) notes.Add(Text($"trace: {count} records left out: {reason}"));
        foreach (var (reason, count) in _open?.Changed ?? _trace?.Counts.Changed ?? new Dictionary<string, long>()) notes.Add(Text($"trace: {count} records changed: {reason}"));
        notes.AddRange((_open?.Unmodelled ?? _unmodelled).Notes());
        if (_closed is not null)
        {
            if (_trace is not null) notes.Add("clients take the requests of the trace in its order; its arrival times and dependencies are not used");
            if (_closed.Retries > 0) notes.Add(Text($"clients: {_closed.Started} different requests, {_closed.Retries} sent again after a failure, {_closed.Failed} failed for good; every attempt counts as a request"));
        }

        if (_open is { RejectedParents: > 0 }) notes.Add(Text($"trace: {_open.RejectedParents} refused requests had others waiting for them"));
        if (_open is { LateReleases: > 0 }) notes.Add(Text($"trace: {_open.LateReleases} requests came later than they were due, because their line was read late"));
        if (_open is not null && result.NeverReleased > 0) notes.Add(Text($"trace: {result.NeverReleased} requests never came, because what they wait for did not end"));
        return notes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        (Source as IDisposable)?.Dispose();
        if (_open is null) _trace?.Dispose();    // else its reader closes it
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
