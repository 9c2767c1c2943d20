using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Engine;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Routing;

namespace ServeSim.Conformance.PeerCases;

/// <summary>The peer variants of four policies and the twin agree on every request of random traces, most of them short of memory.</summary>
[Trait("Category", "PeerCases")]
public sealed class PeerTwinTests
{
    private const int CasesPerScheduler = 60;

    [Theory, InlineData("vllm"), InlineData("sarathi"), InlineData("orca"), InlineData("lightllm")]
    public void Random_traces_give_the_twins_times_and_restarts(string scheduler)
    {
        var restarts = 0;
        for (var seed = 0; seed < CasesPerScheduler; seed++)
        {
            var random = new RandomStream((ulong)seed, $"twin/{scheduler}");
            var requests = Trace(random);
            var settings = Settings(scheduler, random, requests.Max(r => r.InputTokens + r.OutputTokens));
            var theirs = new PeerTwin(settings).Run(requests);
            var ours = Ours(settings, requests);
            for (var i = 0; i < requests.Count; i++)
            {
                var because = $"{settings}, case {seed}, request {i}";
                Assert.True(ours[i].Outcome == RequestOutcome.Finished, $"{because}: {ours[i].Reason}");
                Assert.True(Math.Abs(theirs[i].Scheduled!.Value - ours[i].Scheduled!.Value.Seconds) < 1e-6, $"{because}: scheduled");
                Assert.True(Math.Abs(theirs[i].FirstToken!.Value - ours[i].FirstToken!.Value.Seconds) < 1e-6, $"{because}: first token");
                Assert.True(Math.Abs(theirs[i].Finished - ours[i].Finished!.Value.Seconds) < 1e-6, $"{because}: finished");
                Assert.True(theirs[i].Restarts == ours[i].Preemptions, $"{because}: restarts");
            }

            restarts += theirs.Sum(r => r.Restarts);
        }

        Assert.True(scheduler is "orca" or "lightllm" || restarts > 200, $"only {restarts} restarts: memory was not short enough to test anything");
    }

    private static List<RequestSpec> Trace(RandomStream random)
    {
        double time = 0;
        var gap = 0.05 * (1 + random.NextInt(6));
        var longestPrompt = 60 << random.NextInt(6);
        return [.. Enumerable.Range(0, 150).Select(_ => new RequestSpec
        {
            Arrival = SimTime.FromSeconds(Math.Round(time += random.NextExponential() * gap, 6)),
            InputTokens = 1 + random.NextInt(longestPrompt),
            OutputTokens = 2 + random.NextInt(longestPrompt < 500 ? 300 : 100),
        })];
    }

    private static TwinSettings Settings(string scheduler, RandomStream random, int largest)
    {
        var blockSize = scheduler == "lightllm" ? 1 : 8 << random.NextInt(3);
        var blocks = ((largest + blockSize - 1) / blockSize * (2 + random.NextInt(3))) + 5;
        if (scheduler == "orca") blocks = 4096 / blockSize * (2 + random.NextInt(8));
        return new TwinSettings(scheduler, [4 + random.NextInt(6), 0.05, 0.03, 0.00025, 2e-6], blocks, blockSize, 4 << random.NextInt(6),
            ChunkTokens: 32 << random.NextInt(5), MaxWaitingIterations: 1 + random.NextInt(12));
    }

    private static List<RequestRecord> Ours(TwinSettings s, List<RequestSpec> requests)
    {
        var c = s.CoefMs;
        var cost = new ServeSim.CostModels.Linear.LinearCostModel(c[0], c[1], c[2], c[3], c[4]);
        IBatchPolicy policy = s.Scheduler switch
        {
            "vllm" => new VllmPolicy(new VllmOptions(s.Cap, s.MaxBatchedTokens, PromptBudget.Padded), new ClusterShape(1, s.Blocks, s.BlockSize, 4096, 1, cost)),
            "sarathi" => new SarathiPolicy(new SarathiOptions(s.ChunkTokens, s.Cap, Order: RunningOrder.LastBatch, Preemption: PreemptMode.RecomputeProcessed)),
            "orca" => new OrcaPolicy(new OrcaOptions(s.Cap, s.MaxSequenceTokens)),
            _ => new LightLlmPolicy(new LightLlmOptions(MaxWaitingIterations: s.MaxWaitingIterations, MaxSequences: s.Cap), new Truth()),
        };
        var seen = new RecordingObserver();
        new SimulationRun(new EngineOptions { TotalBlocks = s.Blocks, BlockSize = s.BlockSize }, new ListSource(requests), cost,
            new(s.Scheduler, _ => policy, "single", new RoundRobinRouter()), seen).Execute();
        return [.. seen.Requests.OrderBy(r => r.Number)];
    }

    private sealed class Truth : ILengthPredictor
    {
        private readonly TrueLengths _lengths = new();

        public int PredictOutputTokens(in RequestView request) => _lengths.OutputTokens(request);
    }
}
