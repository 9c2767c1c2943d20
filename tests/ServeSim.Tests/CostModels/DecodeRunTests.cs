using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Roofline;

namespace ServeSim.Tests.CostModels;

/// <summary>Sums of decode iterations in closed form, against the loop.</summary>
public sealed class DecodeRunTests
{
    // Full attention; a window of 4096; a window of 1024 on five layers of six; a window of 128 with experts; chunks of 8192; latent attention.
    private static readonly string[] _models = ["llama-3.1-8b", "gemma-2-9b", "gemma-3-27b", "gpt-oss-20b", "llama-4-scout", "deepseek-v2-lite"];

    public static TheoryData<string, int[]> Batches
    {
        get
        {
            var data = new TheoryData<string, int[]>();
            foreach (var model in _models)
            {
                data.Add(model, [100]);
                data.Add(model, [50, 60, 120, 127]);                    // the longest outgrows a block of keys on the way
                data.Add(model, [900, 1000, 1020, 4000, 4090, 30_000]);  // some outgrow their window
                data.Add(model, [8000, 8190, 8191, 8192, 16_300]);       // some begin a chunk anew
            }

            return data;
        }
    }

    public static TheoryData<string, HostMode, LaunchMode> Engines
    {
        get
        {
            var data = new TheoryData<string, HostMode, LaunchMode>();
            foreach (var model in _models)
                foreach (var host in Enum.GetValues<HostMode>())
                    foreach (var launch in Enum.GetValues<LaunchMode>()) data.Add(model, host, launch);
            return data;
        }
    }

    [Theory, MemberData(nameof(Batches))]
    public void The_sum_equals_the_loop(string name, int[] cached)
    {
        var run = Model(name).Decodes(cached);
        Assert.Equal(0, run.Sum(0));
        SumsAreThoseOfTheLoop(run, 300, name);
    }

    [Theory, MemberData(nameof(Batches))]
    public void An_iteration_of_the_run_is_an_iteration_of_the_model(string name, int[] cached)
    {
        var cost = Model(name);
        var run = cost.Decodes(cached);
        foreach (var j in new[] { 0, 1, 7, 60, 200, 9000 })
            Assert.InRange(run.Microseconds(j) / cost.IterationMicroseconds(Later(cached, j).Shape()), 1 - 1e-9, 1 + 1e-9);
    }

    [Theory, MemberData(nameof(Engines))]
    public void Random_batches_layouts_and_engines_sum_to_the_loop(string name, HostMode host, LaunchMode launch)
    {
        var random = new RandomStream(11, $"{name} {host} {launch}");
        for (var round = 0; round < 6; round++)
        {
            var tensor = name == "llama-4-scout" ? 8 : 1 << random.NextInt(2);
            var options = CostOptions.Default with { Host = host, Launch = launch, HostMicroseconds = random.NextInt(2) == 0 ? null : random.NextInt(60_000) };
            var cost = new CalibratedCostModel(ModelCatalog.Get(name), AcceleratorCatalog.Get("h100-sxm"), new(tensor, 1 + random.NextInt(3)), options);
            var cached = Contexts(random);
            var run = cost.Decodes(cached);
            SumsAreThoseOfTheLoop(run, 400, name);
            var far = 9000 + random.NextInt(20_000);    // beyond every window, over several chunks
            double loop = 0;
            for (var j = 0; j < far; j++) loop += run.Microseconds(j);
            Assert.InRange(run.Sum(far) / loop, 1 - 1e-9, 1 + 1e-9);
            foreach (var j in new[] { 0, random.NextInt(400), far })
                Assert.InRange(run.Microseconds(j) / cost.IterationMicroseconds(Later(cached, j).Shape()), 1 - 1e-9, 1 + 1e-9);
        }
    }

    [Theory, MemberData(nameof(Batches))]
    public void The_inverse_returns_the_iterations_that_fit(string name, int[] cached)
    {
        var run = Model(name).Decodes(cached);
        foreach (var k in new[] { 1, 2, 50, 999, 12_345 })
        {
            var total = run.Sum(k);
            Assert.Equal(k, run.Within(total));
            Assert.Equal(k - 1, run.Within(total * (1 - 1e-9)));
            Assert.Equal(Math.Min(k, 100), run.Within(total, most: 100));
        }

        Assert.Equal(0, run.Within(0));
    }

    [Fact]
    public void An_empty_batch_takes_no_time_and_fits_nowhere()
    {
        foreach (var name in _models)
        {
            var run = Model(name).Decodes([]);
            Assert.Equal((0, 0, 0), (run.Microseconds(3), run.Sum(10), run.Within(1e9)));
        }
    }

    /// <summary>Check 7: 5 ms, 50 ns a key, four requests at 100, 200, 300 and 1000 tokens.</summary>
    [Fact]
    public void Check_7_fifty_iterations_take_254255_microseconds_and_nineteen_fit_in_100_milliseconds()
    {
        var run = new ServeSim.CostModels.Roofline.DecodeRun([new(5000, 1, 0, default)], new(0, 0.05, 0, 0, double.PositiveInfinity), default, [100, 200, 300, 1000], null);
        Assert.Equal(254_255.0, run.Sum(50));
        Assert.Equal(96_558.0, run.Sum(19), 1e-9);
        Assert.Equal(101_642.0, run.Sum(20), 1e-9);
        Assert.Equal(19, run.Within(100_000));
    }

    /// <summary>Check 7: the same requests under a window of 256, one key a microsecond.</summary>
    [Theory, InlineData(100, 6275), InlineData(200, 11_275), InlineData(300, 12_800), InlineData(1000, 12_800)]
    public void Check_7_a_window_of_256_reads_so_many_keys_in_fifty_iterations(int cached, double keys)
    {
        var run = new ServeSim.CostModels.Roofline.DecodeRun([new(0, 0, 1, default)], default, new(0, 1, 0, 0, double.PositiveInfinity), [cached], new(WindowKind.Sliding, 256, 2));
        Assert.Equal(keys, run.Sum(50));
    }

    /// <summary>Check 7: and when whole blocks of 16 are read.</summary>
    [Theory, InlineData(100, 6656), InlineData(200, 11_648), InlineData(300, 16_640), InlineData(1000, 51_648)]
    public void Check_7_blocks_of_16_read_so_many_keys_in_fifty_iterations(int cached, long keys)
    {
        Assert.Equal(keys, CausalPairs.BlockRoundedKeys(cached, 50, 16));
        for (var k = 0; k < 60; k++)
            Assert.Equal(Enumerable.Range(0, k).Sum(j => (cached + 1 + j + 15) / 16 * 16), CausalPairs.BlockRoundedKeys(cached, k, 16));
    }

    private static void SumsAreThoseOfTheLoop(ServeSim.CostModels.Roofline.DecodeRun run, int most, string what)
    {
        double loop = 0;
        for (var k = 1; k <= most; k++)
        {
            loop += run.Microseconds(k - 1);
            Assert.True(Math.Abs(run.Sum(k) - loop) <= 1e-9 * loop, $"{what}: {k} iterations sum to {run.Sum(k)}, one by one {loop}");
        }
    }

    // Short, long and equal contexts, some at the edges of windows and chunks.
    private static int[] Contexts(RandomStream random)
    {
        var cached = new int[1 + random.NextInt(40)];
        for (var i = 0; i < cached.Length; i++)
        {
            cached[i] = random.NextInt(4) switch
            {
                0 => random.NextInt(300),
                1 => random.NextInt(40_000),
                2 => (8192 * random.NextInt(3)) + random.NextInt(4),
                _ => i > 0 ? cached[i - 1] : 8190,
            };
        }

        return cached;
    }

    private static Batch Later(int[] cached, int iterations)
    {
        var batch = new Batch();
        foreach (var c in cached) batch.AddDecodes(1, c + iterations);
        return batch;
    }

    private static CalibratedCostModel Model(string name) =>
        new(ModelCatalog.Get(name), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single, CostOptions.Default);
}
