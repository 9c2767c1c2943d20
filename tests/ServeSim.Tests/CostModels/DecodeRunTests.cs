using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Roofline;

namespace ServeSim.Tests.CostModels;

/// <summary>Sums of decode iterations in closed form, against the loop.</summary>
public sealed class DecodeRunTests
{
    // Full attention; a window of 4096; a window of 1024 on five layers of six.
    private static readonly string[] _models = ["llama-3.1-8b", "gemma-2-9b", "gemma-3-27b"];

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
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Batches))]
    public void The_sum_equals_the_loop(string name, int[] cached)
    {
        var cost = Model(name);
        var run = cost.Decodes(cached);
        double loop = 0;
        Assert.Equal(0, run.Sum(0));
        for (var k = 1; k <= 300; k++)
        {
            loop += run.Microseconds(k - 1);
            Assert.InRange(run.Sum(k) / loop, 1 - 1e-9, 1 + 1e-9);
        }
    }

    [Theory, MemberData(nameof(Batches))]
    public void An_iteration_of_the_run_is_an_iteration_of_the_model(string name, int[] cached)
    {
        var cost = Model(name);
        var run = cost.Decodes(cached);
        foreach (var j in new[] { 0, 1, 7, 60, 200 })
        {
            var batch = new Batch();
            foreach (var c in cached) batch.AddDecodes(1, c + j);
            Assert.InRange(run.Microseconds(j) / cost.IterationMicroseconds(batch.Shape()), 1 - 1e-9, 1 + 1e-9);
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

    private static CalibratedCostModel Model(string name) =>
        new(ModelCatalog.Get(name), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single, CostOptions.Default);
}
