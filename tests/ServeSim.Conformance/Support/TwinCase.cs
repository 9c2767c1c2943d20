using System.Reflection;
using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Conformance.Support;

/// <summary>Random cases for comparing executors: also ample memory, costs without decimals, horizons and random policy options.</summary>
internal static class TwinCase
{
    public static RandomCase Make(int seed)
    {
        var world = RandomCase.Make(seed);
        var random = new RandomStream((ulong)seed, "twin");
        if (random.NextInt(3) == 0) world = world with { Options = world.Options with { TotalBlocks = 20 * world.Options.TotalBlocks } };
        if (random.NextInt(4) == 0) world = world with { Cost = new FormulaCost(random.NextInt(3), stages: world.Cost.PipelineStages) };
        if (random.NextInt(5) == 0) world = world with { Cost = new SequenceCost(needsDecodes: seed % 2 == 0) };
        if (random.NextInt(5) == 0) world = world with { Options = world.Options with { Horizon = SimTime.FromSeconds(random.NextInt(1000) / 1000.0) } };
        if (random.NextInt(4) == 0) world = world with { Clients = 1 + random.NextInt(8) };
        if (random.NextInt(3) == 0) world = world with { Options = world.Options with { Instances = 1 + random.NextInt(9) } };
        if (random.NextInt(3) == 0) world = world with { Options = world.Options with { Patience = RandomCase.DrawPatience(random) } };
        return world;
    }

    /// <summary>In half of the cases one option of the policy, drawn at random, leaves its default.</summary>
    public static object? OptionsFor(string policy, RandomCase world)
    {
        var random = new RandomStream((ulong)world.Seed, "twin options");
        var type = Lab.Catalog.Get(PolicyKind.Policy, policy).OptionsType;
        if (type is null) return null;
        var parameters = type.GetConstructors().MaxBy(c => c.GetParameters().Length)!.GetParameters();
        var drawn = random.NextInt(Math.Max(1, 2 * parameters.Length));
        var capacity = world.Options.TotalBlocks * world.Options.BlockSize;
        var values = parameters.Select((p, i) => p.Name == "MaxSequenceTokens" ? Math.Min(4096, capacity) : i == drawn ? Draw(p, random) : p.DefaultValue);
        var options = type.GetConstructors().MaxBy(c => c.GetParameters().Length)!.Invoke(values.ToArray());
        return random.NextInt(2) == 0 ? options : WithProperty(options, capacity, random);
    }

    /// <summary>One of the options that are no parameters of the constructor leaves its default too.</summary>
    private static object WithProperty(object options, int capacity, RandomStream random)
    {
        var shape = RecordShape.Of(options.GetType());
        var free = shape.Fields.Where(f => !options.GetType().GetConstructors().Any(c => c.GetParameters().Any(p => string.Equals(p.Name, f.Name, StringComparison.OrdinalIgnoreCase)))).ToList();
        if (free.Count == 0) return options;
        var drawn = free[random.NextInt(free.Count)];
        object? value = drawn.Type.IsEnum ? DrawEnum(drawn.Type, random)
            : drawn.Type == typeof(bool) ? !(bool)drawn.Default!
            : drawn.Name == "capacityTokens" ? capacity - random.NextInt(capacity / 4)
            : drawn.Type == typeof(int) ? 1 + random.NextInt(40)
            : drawn.Default;
        return shape.Create(shape.Fields.ToDictionary(f => f, f => f == drawn ? value : options.GetType().GetProperty(f.Name, BindingFlags.IgnoreCase | BindingFlags.Public | BindingFlags.Instance)!.GetValue(options)));
    }

    private static object? Draw(ParameterInfo parameter, RandomStream random) =>
        parameter.ParameterType.IsEnum ? DrawEnum(parameter.ParameterType, random)
        : parameter.ParameterType == typeof(bool) ? !(bool)parameter.DefaultValue!
        : parameter.ParameterType == typeof(int) && parameter.Name!.StartsWith("Max", StringComparison.Ordinal) ? 1 + random.NextInt(40)
        : parameter.Name == "TokenBudget" ? 1 + random.NextInt(100)
        : parameter.Name == "FrameIterations" ? 1 + random.NextInt(10)
        : parameter.Name == "MaxWaitSeconds" ? 0.05
        : parameter.Name is "DelayFactor" or "Fairness" ? 0.5
        : parameter.DefaultValue;

    private static object DrawEnum(Type type, RandomStream random)
    {
        var values = Enum.GetValues(type);
        return values.GetValue(random.NextInt(values.Length))!;
    }

    /// <summary>
    /// A cost that looks at every member that computes prompt tokens, in order, and maybe at every decode too, whose order is open. A window
    /// makes it no sum of contexts.
    /// </summary>
    private sealed class SequenceCost(bool needsDecodes) : ICostModel
    {
        public CostModelInfo Info { get; } = new("sequences", "test", "none", []);

        public bool NeedsSequences => true;

        public bool NeedsDecodes => needsDecodes;

        public int Layers => 4;

        public bool HasSublayers => true;

        public SimDuration IterationTime(in BatchShape shape) => TimeUntil(shape, 8);

        public SimDuration TimeUntil(in BatchShape shape, int sublayers)
        {
            Assert.Equal(shape.SequenceCount - (needsDecodes ? 0 : shape.DecodeSequences), shape.Sequences.Length);
            double milliseconds = 1 + (needsDecodes ? 0 : (0.0125 * shape.DecodeSequences) + (1.25e-4 * shape.DecodeContextTokens));
            for (var sublayer = 0; sublayer < sublayers; sublayer++)
                foreach (var span in shape.Sequences)
                    if (!span.IsDecode && span.Crosses(sublayer)) milliseconds = (milliseconds * 1.0001) + (span.Tokens * 0.00125) + (span.CachedTokens * 1.25e-5);
            return SimDuration.FromMilliseconds(milliseconds + (sublayers * 1e-5 * Windowed(shape.Sequences)));
        }

        private static long Windowed(ReadOnlySpan<SequenceSpan> members)
        {
            long work = 0;
            foreach (var span in members)
                if (span.IsDecode) work += (3 * Math.Min(span.CachedTokens, 40)) + (span.CachedTokens % 7);
            return work;
        }
    }
}
