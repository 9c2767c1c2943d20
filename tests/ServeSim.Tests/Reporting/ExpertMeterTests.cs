using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Tests.Reporting;

/// <summary>Reads of expert weights add up, whether iterations come one by one, sliced by layers, or as a run of decodes.</summary>
public sealed class ExpertMeterTests
{
    [Fact]
    public void Reads_are_split_at_what_the_decodes_alone_would_read()
    {
        var metrics = Started();
        metrics.OnIteration(Iteration(1, decodes: 4, prefill: 12));                          // 16 tokens: 4 experts in each of 2 layers
        metrics.OnIteration(Iteration(2, decodes: 4) with { PrefillTokens = 12, ExpertReads = 6 });
        metrics.OnIteration(Iteration(3, decodes: 4));
        Assert.Equal((10 * (8 + 6 + 4), 10 * (4 + 2 + 0)), Read(metrics));
    }

    [Fact]
    public void A_run_of_decodes_reads_what_its_iterations_read()
    {
        var (one, all) = (Started(), Started());
        SimTime[] ends = [SimTime.FromSeconds(1), SimTime.FromSeconds(2), SimTime.FromSeconds(3)];
        foreach (var end in ends) one.OnIteration(Iteration(end.Seconds, decodes: 9));
        all.OnDecodeRun(new DecodeRun
        {
            Instance = 0, Start = SimTime.FromSeconds(0.5), LastToken = SimTime.FromSeconds(0.5), Sequences = 9, Rows = 9, DecodeContextTokens = 90,
            WaitingRequests = 0, Ends = ends, UsedBlocks = new int[] { 1, 1, 1 },
        });
        Assert.Equal(Read(one), Read(all));
        Assert.Equal(10 * 3 * 6, Read(all).All);
    }

    private static RunMetrics Started()
    {
        var metrics = new RunMetrics(new() { Experts = new(new RootCost(), 10) });
        metrics.OnArrived(SimTime.Zero, 1, 1);
        return metrics;
    }

    private static (double All, double Prefill) Read(RunMetrics metrics)
    {
        var experts = metrics.Summarize().Experts!;
        return (experts.ReadBytes, experts.PrefillReadBytes);
    }

    private static IterationRecord Iteration(double end, int decodes, int prefill = 0) =>
        RunScript.Iteration(SimTime.FromSeconds(end), decodes) with { PrefillTokens = prefill };

    /// <summary>Two layers; n tokens read the root of n experts.</summary>
    private sealed class RootCost : ICostModel
    {
        public CostModelInfo Info { get; } = new("root", "test double", "none: it is a definition", []);

        public SimDuration IterationTime(in BatchShape shape) => SimDuration.Zero;

        public double ExpertReads(in BatchShape shape, int sublayers = int.MaxValue) => 2 * Math.Sqrt(shape.Tokens);
    }
}
