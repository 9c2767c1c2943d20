using ServeSim.Abstractions;
using ServeSim.Engine.Cluster;
using ServeSim.Engine.Events;
using ServeSim.Engine.Instances;

namespace ServeSim.Engine;

/// <summary>
/// One run: requests from a source, through a router, to instances. The plain executor touches every request of a
/// batch in every iteration and is the oracle for the fast one (<see cref="EngineKind"/>).
/// </summary>
public sealed class SimulationRun
{
    private readonly EngineOptions _options;
    private readonly ITrafficSource _source;
    private readonly Run _run;
    private readonly Instance[] _instances;
    private readonly IEventTap? _tap;
    private long _arrived;
    private bool _isCut;
    private bool _isBeyondHorizon;
    private Fingerprint _arrivals;

    /// <summary>Prepares a run.</summary>
    /// <exception cref="InputException">The policy reserves longer sequences than the KV memory holds.</exception>
    public SimulationRun(
        EngineOptions options,
        ITrafficSource source,
        ICostModel cost,
        NamedPolicies policies,
        IRunObserver observer,
        IEventTap? tap = null)
    {
        (_options, _source, _tap) = (options, source, tap);
        var table = new RequestTable();
        var gateway = new Gateway(table, policies.Router, policies.RouterName, options.Instances, options.SignalPeriod > SimDuration.Zero);
        _run = new Run(table, observer, gateway, source, policies.BatchName, options);
        _instances = new Instance[options.Instances];
        for (var i = 0; i < options.Instances; i++)
        {
            var policy = policies.Batch(i);
            RequireReservationFits(policy.Limits, policies.BatchName);
            _instances[i] = new Instance(i, options, _run, cost, policy);
        }

        gateway.Connect(_instances);
        if (options.SignalPeriod > SimDuration.Zero) _run.Events.Push(SimTime.Zero, EventRank.Control, -1);
    }

    /// <summary>Simulated time reached; for progress displays.</summary>
    public SimTime Now => _run.Now;

    /// <summary>Requests arrived so far; for progress displays.</summary>
    public long Arrived => _arrived;

    /// <summary>Replays the source to its end, to the horizon, or until cancelled; then the result is marked partial.</summary>
    /// <exception cref="PolicyFault">A policy broke a rule.</exception>
    public RunResult Execute(CancellationToken cancel = default)
    {
        Advance(long.MaxValue, cancel);
        return Close();
    }

    /// <summary>Handles the next <paramref name="events"/> events; false once the run is over.</summary>
    /// <exception cref="PolicyFault">A policy broke a rule.</exception>
    public bool Advance(long events, CancellationToken cancel = default)
    {
        _run.LookForArrival();
        var time = _run.NextTime;
        for (_run.EventsLeft = events; _run.EventsLeft > 0; _run.EventsLeft--)
        {
            if (time == SimTime.Never) return false;
            var next = Next(time);
            if (next.Rank == EventRank.GiveUp && IsStale(next))
            {
                time = _run.NextTime;
                if (next.Time == _run.Now && time > next.Time) time = StartIdleInstances();
                continue;
            }

            _isBeyondHorizon = next.Time > _options.Horizon;
            _isCut = _isBeyondHorizon || cancel.IsCancellationRequested;
            if (_isCut) return false;
            if (next.Time < _run.Now) throw new InvariantException($"INV-1: time runs backwards, from {_run.Now} to {next.Time}");
            _run.Now = next.Time;
            Handle(next);
            _tap?.OnEvent(next, Digest(next.Rank == EventRank.GiveUp ? -1 : next.Target));
            time = _run.NextTime;
            if (time > next.Time) time = StartIdleInstances();
        }

        return true;
    }

    private void Handle(in SimEvent next)
    {
        switch (next.Rank)
        {
            case EventRank.IterationEnd:
                _instances[next.Target].CompleteIteration(next.Time);
                _run.Touch(next.Target);
                break;
            case EventRank.GiveUp:
                LookAtClient(next.Target);
                break;
            case EventRank.Arrival:
                Arrive();
                break;
            case EventRank.Wake:
                if (_instances[next.Target].Woken(next.Time)) _run.Touch(next.Target);
                break;
            case EventRank.Control:
                _run.Router.Poll(next.Time);
                if (IsSomethingLeft())    // a poll alone keeps no run alive
                    _run.Events.Push(next.Time + _options.SignalPeriod, EventRank.Control, -1);
                break;
        }
    }

    private bool IsStale(in SimEvent next)
    {
        _run.Clients.Taken();
        return _run.Clients.IsStale(next);
    }

    /// <summary>Something can happen yet; looks of clients whose requests have ended are nothing.</summary>
    private bool IsSomethingLeft() => _run.Clients.Pending == 0
        ? _run.NextTime != SimTime.Never
        : _run.Table.Live > 0 || _run.Events.Count > _run.Clients.Pending || _run.Ends.NextTime != SimTime.Never || _run.NextArrival != SimTime.Never;

    private void LookAtClient(int row)
    {
        if (_run.Clients.Look(row, _run.Now) is not { } reason) return;
        var instance = _run.Table.Instance[row];
        _instances[instance].Abort(row, reason);
        _run.Touch(instance);
    }

    /// <summary>The next event of queue, iterations and source together, whose time is known: that of the lowest rank.</summary>
    private SimEvent Next(SimTime time)
    {
        var isQueued = _run.Events.NextTime == time;
        if (isQueued && _run.Events.NextRank < EventRank.IterationEnd) return _run.Events.Pop();
        if (_run.Ends.NextTime == time) return new SimEvent(time, EventRank.IterationEnd, _run.Ends.Next);
        return _run.NextArrival != time || (isQueued && _run.Events.NextRank < EventRank.Arrival) ? _run.Events.Pop() : new SimEvent(time, EventRank.Arrival, -1);
    }

    private void Arrive()
    {
        var row = _run.Table.Add(_arrived++, WithDefaults(_source.Take()));
        _run.LookForArrival();
        ref readonly var spec = ref _run.Table.Spec[row];
        _arrivals.Add(spec.Arrival.Nanoseconds);
        _arrivals.Add(((long)spec.InputTokens << 32) | (uint)spec.OutputTokens);

        var refusal = _instances[0].WhyNever(spec);    // instances are alike
        var decision = refusal is null ? _run.Router.Route(row, _run.Now) : RouteDecision.Reject(refusal);
        if (decision.Reason is { } reason)
        {
            _run.Observer.OnArrived(_run.Now, _run.WaitingRequests, InSystem());
            _run.End(row, RequestState.Rejected, reason);
            _run.Table.Release(row);
            return;
        }

        _run.Table.Instance[row] = decision.Instance;
        _run.Router.OnRouted(row, decision.Instance);
        _instances[decision.Instance].Enqueue(row);
        _run.Clients.Start(row, _run.Now);
        _run.Observer.OnArrived(_run.Now, _run.WaitingRequests, InSystem());
        _run.Touch(decision.Instance);
    }

    /// <summary>The limits and the patience of the run where the request has none of its own.</summary>
    private RequestSpec WithDefaults(RequestSpec spec)
    {
        if (!_options.Slo.IsEmpty) spec = spec with { Slo = spec.Slo?.Or(_options.Slo) ?? _options.Slo };
        return spec.Patience is null && _options.Patience is not null ? spec with { Patience = _options.Patience } : spec;
    }

    private int InSystem() => (int)(_arrived - _run.Counts.Finished - _run.Counts.Rejected - _run.Counts.Aborted);

    /// <summary>The instant is closed: every instance to which something happened plans, in the order of their numbers. Returns the time of the next event.</summary>
    private SimTime StartIdleInstances()
    {
        var touched = _run.Touched;
        if (touched.Count > 1) touched.Sort();
        for (var i = 0; i < touched.Count; i++)
        {
            _run.Untouch(touched[i]);
            _run.IsInstantPlanned = i == touched.Count - 1;
            _instances[touched[i]].StartIterations(_run.Now);
        }

        touched.Clear();
        _run.PlannedAt = _run.Now;
        return _run.NextTime;
    }

    private RunResult Close()
    {
        if (!_isCut)
        {
            foreach (var instance in _instances) instance.RequireNothingStuck(_run.Now);
            if (_run.Table.Live != 0) throw new InvariantException($"INV-2: {_run.Table.Live} requests are left although every instance is empty");
            foreach (var instance in _instances) instance.RequireAllFree();
        }
        else
        {
            var reached = _run.Now;
            foreach (var instance in _instances)
            {
                var end = instance.CatchUpAtEnd(_isBeyondHorizon ? _options.Horizon : _run.Now);
                if (end > reached) reached = end;
            }

            _run.Now = reached;
            foreach (var row in _run.Table.LiveRows())
                if (_run.Table.State[row] != RequestState.Aborted) _run.End(row, _run.Table.State[row], null);
        }

        var counts = _run.Counts;
        if (counts.Finished + counts.Rejected + counts.Aborted + counts.Unfinished != _arrived)
            throw new InvariantException($"INV-2: {_arrived} requests arrived, {counts.Finished} finished, {counts.Rejected} were refused, {counts.Aborted} were given up, {counts.Unfinished} are unfinished");
        return new RunResult(_run.Now, _arrived, counts.Finished, counts.Rejected, counts.Aborted, counts.Unfinished, _source.Blocked, _isCut, TotalFingerprint());
    }

    private ulong TotalFingerprint()
    {
        var total = new Fingerprint();
        total.Add(_arrivals.Value);
        total.Add(_run.EndsFingerprint);
        foreach (var instance in _instances) total.Add(instance.Fingerprint);
        return total.Value;
    }

    private ulong Digest(int instance) => instance >= 0 ? _instances[instance].Fingerprint : _arrivals.Value;

    private void RequireReservationFits(EngineLimits limits, string name)
    {
        var capacity = (long)_options.TotalBlocks * _options.BlockSize;
        if (limits.ReservesWholeSequence && limits.MaxSequenceTokens > capacity)
            throw new InputException(
                $"policy {name} reserves {limits.MaxSequenceTokens} KV tokens for every request, an instance holds {capacity}; " +
                "lower its maxSequenceTokens, or give the instance more KV memory (--tp, kv.memoryFraction)");
    }
}
