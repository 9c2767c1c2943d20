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

    /// <summary>They begin up to so much later, at a moment drawn by the seed, so that even arrivals of two classes do not coincide.</summary>
    public SimDuration StartWithin { get; init; }

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

    /// <summary>Requests in all; null is as many as arrive in time.</summary>
    public long? Requests { get; init; }

    /// <summary>No request arrives later.</summary>
    public SimDuration? Duration { get; init; }

    /// <summary>The requests at their times.</summary>
    public IEnumerable<RequestSpec> Draw(ulong seed)
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

    /// <summary>The requests in an order by the shares of the classes, for clients that set the times.</summary>
    public IEnumerable<RequestSpec> DrawUntimed(ulong seed)
    {
        var mix = new ClassMix(Classes, seed);
        for (long count = 0; count < (Requests ?? long.MaxValue); count++) yield return mix.Next(SimTime.Zero);
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
        private readonly Func<int> _input = of.Input.Start(new RandomStream(seed, $"length.input/{of.Name}"));
        private readonly Func<int> _output = of.Output.Start(new RandomStream(seed, $"length.output/{of.Name}"));

        public double Share => of.Share;

        public RequestSpec Make(SimTime arrival) => new()
        {
            Arrival = arrival,
            InputTokens = _input(),
            OutputTokens = Math.Min(_output(), of.MaxOutputTokens ?? int.MaxValue),
            MaxOutputTokens = of.MaxOutputTokens,
            Priority = of.Priority,
            Tenant = of.Tenant,
            SloClass = of.SloClass,
        };
    }

    /// <summary>Requests of several classes, mixed by their shares.</summary>
    private sealed class ClassMix(IEnumerable<SyntheticClass> classes, ulong seed)
    {
        private readonly RandomStream _who = new(seed, "assign.class");
        private readonly ClassStream[] _classes = [.. classes.Select(c => new ClassStream(c, seed))];

        public RequestSpec Next(SimTime arrival)
        {
            var left = _who.NextDouble() * _classes.Sum(c => c.Share);
            var index = 0;
            while (index < _classes.Length - 1 && left >= _classes[index].Share) left -= _classes[index++].Share;
            return _classes[index].Make(arrival);
        }
    }

    private sealed class SharedStream : IArrivalStream
    {
        private readonly Transforms.ArrivalProcess _process;
        private readonly ClassMix _mix;

        public SharedStream(ArrivalSpec arrivals, List<SyntheticClass> classes, ulong seed)
        {
            _process = arrivals.Start(seed, "arrival");
            _mix = new ClassMix(classes, seed);
            Next = _process.Next(null);
        }

        public SimTime Next { get; private set; }

        public RequestSpec Take()
        {
            var made = _mix.Next(Next);
            Next = _process.Next(null);
            return made;
        }
    }

    private sealed class OwnStream : IArrivalStream
    {
        private readonly SyntheticClass _of;
        private readonly ClassStream _class;
        private readonly Transforms.ArrivalProcess _process;
        private readonly SimTime _start;

        public OwnStream(SyntheticClass of, ulong seed)
        {
            _of = of;
            _class = new ClassStream(of, seed);
            _process = of.Arrivals!.Start(seed, $"arrival/{of.Name}");
            _start = of.Start + SimDuration.FromSeconds(new RandomStream(seed, $"start/{of.Name}").NextDouble() * of.StartWithin.Seconds);
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
            var time = new SimTime(_start.Nanoseconds + active + pauses);
            Next = time < _of.Stop ? time : SimTime.Never;
        }
    }
}
