namespace ServeSim.Abstractions;

/// <summary>What a GPU draws. Implementations are pure: the same iteration always takes the same power.</summary>
public interface IPowerModel
{
    /// <summary>Name, sources, known error and anything a reader of the result must be told.</summary>
    PowerModelInfo Info { get; }

    /// <summary>Watts of one GPU that computes nothing.</summary>
    double RestWatts(PowerState state);

    /// <summary>Mean watts of one GPU that takes part in an iteration while the iteration lasts.</summary>
    double BusyWatts(in IterationRecord iteration);

    /// <summary>Bit for bit <see cref="BusyWatts(in IterationRecord)"/> of the iterations of a run from <paramref name="first"/> on, one for each entry.</summary>
    void BusyWatts(in DecodeRun run, int first, Span<double> watts)
    {
        for (var i = 0; i < watts.Length; i++) watts[i] = BusyWatts(run[first + i]);
    }
}

/// <summary>What a GPU is doing while it computes nothing.</summary>
public enum PowerState : byte
{
    /// <summary>Switched off or not rented.</summary>
    Off,

    /// <summary>On, no program has it open.</summary>
    Idle,

    /// <summary>Open to an engine that holds its model, between iterations.</summary>
    Context,
}
