using ServeSim.Abstractions;

namespace ServeSim.Workloads.Synthetic;

/// <summary>Requests of one kind.</summary>
/// <param name="Name">Its name; also that of its random streams.</param>
/// <param name="Input">Prompt tokens.</param>
/// <param name="Output">Output tokens.</param>
public sealed record SyntheticClass(string Name, LengthSpec Input, LengthSpec Output)
{
    /// <summary>Its own arrivals; null takes its share of those of the workload.</summary>
    public ArrivalSpec? Arrivals { get; init; }

    /// <summary>Its part of the arrivals of the workload, relative to the other classes'.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Who pays; null is the default tenant.</summary>
    public string? Tenant { get; init; }

    /// <summary>Name of its service class, or null.</summary>
    public string? SloClass { get; init; }

    /// <summary>Larger is more urgent.</summary>
    public int Priority { get; init; }

    /// <summary>The cap that its clients send, or null.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Its own arrivals begin then.</summary>
    public SimTime Start { get; init; }

    /// <summary>Its own arrivals end then.</summary>
    public SimTime Stop { get; init; } = SimTime.Never;

    /// <summary>Its own arrivals come for so long, then pause; zero for no pauses. The process stands still in a pause.</summary>
    public SimDuration Active { get; init; }

    /// <summary>How long a pause lasts.</summary>
    public SimDuration Pause { get; init; }
}

/// <summary>
/// Synthetic requests: a pure function of its parameters and the seed, and the same whatever policy serves them.
/// </summary>
public sealed record SyntheticWorkload
{
    /// <summary>The kinds of requests.</summary>
    public required IReadOnlyList<SyntheticClass> Classes { get; init; }

    /// <summary>Arrivals shared by the classes that have none of their own.</summary>
    public ArrivalSpec? Arrivals { get; init; }

    /// <summary>Clients that keep one request open each; null for arrivals that do not wait for answers.</summary>
    public int? Clients { get; init; }

    /// <summary>Requests in all.</summary>
    public long? Requests { get; init; }

    /// <summary>No request arrives later.</summary>
    public SimDuration? Duration { get; init; }

    /// <summary>The requests as the engine takes them.</summary>
    public ITrafficSource Open(ulong seed)
    {
        if (Clients is not { } clients) return new ListTrafficSource(Draw(seed));
        var lengths = new ClassStream(Classes[0], seed);
        return new ClosedLoopTrafficSource(clients, Requests!.Value, _ => lengths.Lengths());
    }

    private IEnumerable<RequestSpec> Draw(ulong seed)
    {
        var merged = Streams(seed).ToList();
        var end = Duration is { } duration ? SimTime.Zero + duration : SimTime.Never;
        for (long count = 0; count < (Requests ?? long.MaxValue); count++)
        {
            var next = merged.MinBy(s => s.Next)!;    // the first of equals: the order of the classes
            if (next.Next >= end || next.Next == SimTime.Never) yield break;
            yield return next.Take();
        }
    }

    private IEnumerable<IArrivalStream> Streams(ulong seed)
    {
        if (Arrivals is { } shared && Classes.Where(c => c.Arrivals is null).ToList() is { Count: > 0 } classes) yield return new SharedStream(shared, classes, seed);
        foreach (var one in Classes.Where(c => c.Arrivals is not null)) yield return new OwnStream(one, seed);
    }

    private interface IArrivalStream
    {
        SimTime Next { get; }

        RequestSpec Take();
    }

    /// <summary>Lengths and labels of a class.</summary>
    private sealed class ClassStream(SyntheticClass of, ulong seed)
    {
        private readonly RandomStream _input = new(seed, $"length.input/{of.Name}");
        private readonly RandomStream _output = new(seed, $"length.output/{of.Name}");

        public double Share => of.Share;

        public (int Input, int Output) Lengths() => (of.Input.Draw(_input), Math.Min(of.Output.Draw(_output), of.MaxOutputTokens ?? int.MaxValue));

        public RequestSpec Make(SimTime arrival)
        {
            var (input, output) = Lengths();
            return new RequestSpec
            {
                Arrival = arrival,
                InputTokens = input,
                OutputTokens = output,
                MaxOutputTokens = of.MaxOutputTokens,
                Priority = of.Priority,
                Tenant = of.Tenant,
                SloClass = of.SloClass,
            };
        }
    }

    private sealed class SharedStream : IArrivalStream
    {
        private readonly Transforms.ArrivalProcess _process;
        private readonly RandomStream _who;
        private readonly ClassStream[] _classes;

        public SharedStream(ArrivalSpec arrivals, List<SyntheticClass> classes, ulong seed)
        {
            _process = arrivals.Start(seed, "arrival");
            _who = new RandomStream(seed, "assign.class");
            _classes = [.. classes.Select(c => new ClassStream(c, seed))];
            Next = _process.Next(null);
        }

        public SimTime Next { get; private set; }

        public RequestSpec Take()
        {
            var left = _who.NextDouble() * _classes.Sum(c => c.Share);
            var index = 0;
            while (index < _classes.Length - 1 && left >= _classes[index].Share) left -= _classes[index++].Share;
            var made = _classes[index].Make(Next);
            Next = _process.Next(null);
            return made;
        }
    }

    private sealed class OwnStream : IArrivalStream
    {
        private readonly SyntheticClass _of;
        private readonly ClassStream _class;
        private readonly Transforms.ArrivalProcess _process;

        public OwnStream(SyntheticClass of, ulong seed)
        {
            _of = of;
            _class = new ClassStream(of, seed);
            _process = of.Arrivals!.Start(seed, $"arrival/{of.Name}");
            Advance();
        }

        public SimTime Next { get; private set; }

        public RequestSpec Take()
        {
            var made = _class.Make(Next);
            Advance();
            return made;
        }

        private void Advance()
        {
            var active = _process.Next(null).Nanoseconds;
            var pauses = _of.Active > SimDuration.Zero ? active / _of.Active.Nanoseconds * _of.Pause.Nanoseconds : 0;
            var time = new SimTime(_of.Start.Nanoseconds + active + pauses);
            Next = time < _of.Stop ? time : SimTime.Never;
        }
    }
}
