using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Configuration;
using ServeSim.Experiments.Scenarios;
using ServeSim.Workloads;

namespace ServeSim.Experiments.Verification;

/// <summary>
/// A small random world as a scenario and the records of its trace, so that what fails in it can be written down and run
/// again: bursty arrivals, long and short requests, KV memory that is hardly enough, and options within their ranges.
/// </summary>
/// <param name="Number">Number of the case; also its seed.</param>
/// <param name="Scenario">Everything but the trace.</param>
/// <param name="Records">The trace.</param>
public sealed record VerificationCase(int Number, Scenario Scenario, IReadOnlyList<TraceRecord> Records)
{
    private const long LivelockLimit = 5_000;
    private const int LongestOption = 4096;
    private static readonly string[] Companions = ["round-robin", "least-outstanding", "power-of-two", "random"];

    /// <summary>The case of that number for a registered class.</summary>
    public static VerificationCase Make(int number, PolicyCatalog catalog, PolicyEntry entry)
    {
        var random = new RandomStream((ulong)number, "verify");
        var records = DrawRecords(random);
        var blockSize = 1 << random.NextInt(5);
        var largest = records.Max(r => r.InputTokens + r.OutputTokens);
        var blocks = ((largest + blockSize - 1) / blockSize) + 1 + random.NextInt(1 + (3 * largest / blockSize));
        var isPiped = random.NextInt(4) == 0;
        var scenario = new Scenario
        {
            Seed = (ulong)number,
            Instances = 1 + random.NextInt(3),
            Parallel = new ParallelConfig { Pipeline = isPiped ? 2 : 1 },
            Cost = isPiped ? "roofline:f0" : string.Create(CultureInfo.InvariantCulture, $"linear:{random.NextInt(5)},0.05,0.03,0.00025,0.000002"),
            Kv = new KvConfig { BlockSize = blockSize, Blocks = blocks, HostBlocks = random.NextInt(2) * random.NextInt(2 * blocks), Watermark = random.NextInt(4) == 0 ? 0.0 : null },
            Router = new RouterChoice(Companions[random.NextInt(Companions.Length)], null, random.NextInt(3) == 0 ? SimDuration.FromMilliseconds(30) : SimDuration.Zero),
            Power = new PowerConfig { Model = "none" },
            Engine = new EngineConfig { LivelockLimit = LivelockLimit },
        };
        var options = random.NextInt(2) == 0 ? Defaults(entry) : DrawOptions(entry, random);
        if (entry.OptionsType?.GetProperty("MaxSequenceTokens") is { } longest && options is not null)
            options = With(options, longest.Name, Math.Min(LongestOption, blocks * blockSize));    // a reservation that the tiny memory can hold
        scenario = entry.Kind switch
        {
            PolicyKind.Policy => scenario with { Policy = new PolicyChoice(entry.Name, options) },
            PolicyKind.Router => scenario with { Policy = new PolicyChoice(random.NextInt(2) == 0 ? "vllm-v1" : "fcfs"), Router = scenario.Router with { Name = entry.Name, Options = options }, Instances = 2 + random.NextInt(3) },
            _ => scenario with { Policy = new PolicyChoice(random.NextInt(2) == 0 ? "sjf" : "srpt"), Predictor = new PredictorChoice(entry.Name, options) },
        };
        if (entry.Kind != PolicyKind.Predictor && catalog.Get(PolicyKind.Policy, scenario.Policy.Name).NeedsPredictor)
            scenario = scenario with { Predictor = new PredictorChoice(random.NextInt(3) switch { 0 => "oracle", 1 => "max", _ => "history" }) };
        return new VerificationCase(number, WithRoom(scenario, catalog), records);
    }

    /// <summary>
    /// The case as it is asked for knowledge of the future: nobody knows the truth, and no watermark refuses a long request
    /// on arrival, which would show its length.
    /// </summary>
    internal VerificationCase ForForesight(PolicyCatalog catalog) => this with
    {
        Scenario = Scenario with
        {
            Kv = Scenario.Kv with { Watermark = 0 },
            Predictor = Scenario.Predictor is { } p && catalog.Get(PolicyKind.Predictor, p.Name).UsesOracle ? new PredictorChoice("max") : Scenario.Predictor,
        },
    };

    /// <summary>The same requests, of which half hide another output length; all of them still fit the memory.</summary>
    public VerificationCase WithOtherLengths()
    {
        var random = new RandomStream((ulong)Number, "verify lengths");
        var capacity = (Scenario.Kv.Blocks!.Value - 1) * Scenario.Kv.BlockSize;
        return this with
        {
            Records = [.. Records.Select(r => random.NextInt(2) == 0 || Room(r) < 1 || r.InputTokens + r.OutputTokens > capacity ? r : r with { OutputTokens = 1 + random.NextInt(Room(r)) })],
        };

        int Room(TraceRecord r) => Math.Min(Math.Min(r.MaxTokens ?? int.MaxValue, capacity - r.InputTokens), 2 * r.OutputTokens);
    }

    /// <summary>Runs the case; what stops it becomes part of the outcome. An audit, which needs the fast executor, asks policies that hold their plan all the same.</summary>
    public VerificationOutcome Run(PolicyCatalog catalog, EngineKind kind = EngineKind.Plain, bool audit = false)
    {
        var seen = new RecordingObserver();
        try
        {
            var setup = new RunSetup(Scenario with { Engine = Scenario.Engine with { Kind = kind, Audit = audit } }, catalog);
            using var source = new TraceTrafficSource(new RecordList(Records));
            var result = setup.CreateRun(source, seen).Execute();
            return new(new RunFacts(result, seen, Records.Count, setup.Shape.TotalBlocks, setup.Shape.PipelineStages), null);
        }
        catch (Exception e) when (e is PolicyFault or InvariantException or InputException)
        {
            return new(null, e);
        }
    }

    private static List<TraceRecord> DrawRecords(RandomStream random)
    {
        var longest = 20 + random.NextInt(200);
        double time = 0;
        var records = new List<TraceRecord>();
        for (var left = 1 + random.NextInt(60); left > 0; left--)
        {
            if (random.NextInt(3) > 0) time += random.NextExponential() * 0.02;
            var total = 2 + random.NextInt(longest - 1);
            var output = 1 + random.NextInt(total - 1);
            var limits = random.NextInt(2) == 0;
            records.Add(new TraceRecord
            {
                Number = records.Count + 1,
                Arrival = SimTime.FromSeconds(time),
                InputTokens = total - output,
                OutputTokens = output,
                MaxTokens = random.NextInt(2) == 0 ? output + random.NextInt(50) : null,
                Priority = random.NextInt(3),
                TenantId = $"t{random.NextInt(3)}",
                TtftSlo = limits ? SimDuration.FromMilliseconds(1 + random.NextInt(200)) : null,
                TpotSlo = limits ? SimDuration.FromMilliseconds(1 + random.NextInt(40)) : null,
            });
        }

        return records;
    }

    /// <summary>A policy that reserves longer sequences than the tiny memory holds gets the memory that it needs.</summary>
    private static Scenario WithRoom(Scenario scenario, PolicyCatalog catalog)
    {
        EngineLimits limits;
        try
        {
            var shape = new RunSetup(scenario, catalog).Shape;
            var context = new PolicyContext(scenario.Seed, shape, new TrueLengths());
            if (scenario.Predictor is { } predictor) context = context with { Predictor = catalog.CreatePredictor(predictor, context) };
            limits = catalog.CreatePolicy(scenario.Policy, 0, context).Limits;
        }
        catch (Exception e) when (e is InputException or PolicyFault)
        {
            return scenario;    // the run will say what is wrong
        }

        var needed = ((long)limits.MaxSequenceTokens + scenario.Kv.BlockSize - 1) / scenario.Kv.BlockSize;
        return !limits.ReservesWholeSequence || needed <= scenario.Kv.Blocks || needed > 1_000_000 ? scenario : scenario with { Kv = scenario.Kv with { Blocks = (int)(2 * needed) } };
    }

    private static object? Defaults(PolicyEntry entry) =>
        entry.OptionsType is { } type ? RecordShape.Of(type).Create(new Dictionary<RecordField, object?>()) : null;

    /// <summary>Every option that says what it allows is drawn from that; the others keep their defaults, and so do all if the record refuses.</summary>
    private static object? DrawOptions(PolicyEntry entry, RandomStream random)
    {
        if (entry.OptionsType is not { } type) return null;
        try
        {
            return RecordShape.Of(type).Create(entry.Options.ToDictionary(o => o, o => random.NextInt(2) == 0 ? o.Default : Draw(o, random)));
        }
        catch (ArgumentException)
        {
            return Defaults(entry);
        }
    }

    private static object? Draw(RecordField option, RandomStream random)
    {
        var type = Nullable.GetUnderlyingType(option.Type) ?? option.Type;
        if (type == typeof(bool)) return random.NextInt(2) == 0;
        if (type.IsEnum) return Enum.GetValues(type).GetValue(random.NextInt(Enum.GetValues(type).Length));
        if (option.Range is not { } range) return option.Default;
        if (type == typeof(int) && range.Minimum is int least && range.Maximum is int most)
        {
            var span = Math.Min((long)most - least, random.NextInt(2) == 0 ? 15 : LongestOption);
            return least + random.NextInt((int)span + 1);
        }

        if (type == typeof(double) && range.Minimum is double low && range.Maximum is double high)
            return low + (random.NextDouble() * Math.Min(high - low, option.Default is double d ? 2 * Math.Abs(d) + 1 : 1));
        return option.Default;
    }

    private static object With(object options, string property, object value)
    {
        var shape = RecordShape.Of(options.GetType());
        return shape.Create(shape.Fields.ToDictionary(f => f, f => f.Property.Name == property ? value : f.Property.GetValue(options)));
    }
}

/// <summary>How a case ended: with facts, or with what stopped it.</summary>
/// <param name="Facts">The run, if it came to its end.</param>
/// <param name="Stopped">A fault of the policy, a broken law of the engine or an input that cannot be used.</param>
public sealed record VerificationOutcome(RunFacts? Facts, Exception? Stopped);
