using ServeSim.Abstractions;
using ServeSim.CostModels.Linear;
using static ServeSim.Tests.Policies.MicroRun;

namespace ServeSim.Tests.Policies;

/// <summary>What a policy may ask of layers, what it is refused, and when interrupted iterations end.</summary>
public sealed class LayerVerbTests
{
    private delegate void Step(in InstanceView view, BatchPlan plan, RequestView request, int iteration);

    [Theory]
    [InlineData(1, 2, 50, "must enter at layer 0")]
    [InlineData(0, 11, 50, "not in a stack of 10")]
    [InlineData(-1, 2, 50, "not in a stack of 10")]
    [InlineData(0, 0, 50, "not in a stack of 10")]
    public void A_range_that_starts_wrong_is_a_fault(int first, int count, int tokens, string rule) =>
        Faults(rule, (in InstanceView _, BatchPlan plan, RequestView request, int _) => plan.TryPrefill(request, tokens, new LayerRange(first, count)));

    [Theory]
    [InlineData(5, 2, 50, "has crossed 4 of 10 layers, got layers 5 to 6")]
    [InlineData(3, 2, 50, "has crossed 4 of 10 layers, got layers 3 to 4")]
    [InlineData(4, 2, 49, "keeps its tokens through all layers: 50 of them")]
    [InlineData(4, 2, 51, "keeps its tokens through all layers: 50 of them")]
    public void A_range_that_skips_repeats_or_changes_the_tokens_is_a_fault(int first, int count, int tokens, string rule) =>
        Faults(rule, (in InstanceView _, BatchPlan plan, RequestView request, int iteration) =>
            plan.TryPrefill(request, iteration == 0 ? 50 : tokens, iteration == 0 ? new LayerRange(0, 4) : new LayerRange(first, count)));

    [Fact]
    public void A_chunk_between_layers_cannot_go_on_without_a_range() =>
        Faults("their next range must be named", (in InstanceView _, BatchPlan plan, RequestView request, int iteration) =>
        {
            if (iteration == 0) plan.TryPrefill(request, 50, new LayerRange(0, 4));
            else plan.TryPrefill(request, 50);
        });

    [Fact]
    public void An_iteration_with_decodes_cannot_be_interrupted() =>
        Faults("with decodes cannot be interrupted", (in InstanceView _, BatchPlan plan, RequestView request, int iteration) =>
        {
            if (request.IsPrefilling) plan.TryPrefill(request, 100);
            else plan.TryDecode(request);
            plan.InterruptibleAt(Boundary.Layer);
        });

    [Fact]
    public void Operators_of_a_model_that_knows_layers_only_are_refused() =>
        Faults("does not time the blocks of a layer", (in InstanceView _, BatchPlan plan, RequestView request, int _) => plan.InterruptibleAt(Boundary.Operator),
            new LinearCostModel(0, 1, 1, 0, 0, layers: 10));

    [Fact]
    public void Layers_of_a_model_that_knows_none_are_refused() =>
        Faults("knows no layers", (in InstanceView _, BatchPlan plan, RequestView request, int _) => plan.TryPrefill(request, 5, new LayerRange(0, 1)), new UnitCost());

    [Fact]
    public void A_preemption_drops_the_layers_with_the_blocks()
    {
        var run = new MicroRun { Cost = new SegmentCost() }.Execute(_ => new Script((in InstanceView _, BatchPlan plan, RequestView request, int iteration) =>
        {
            switch (iteration)
            {
                case 0: plan.TryPrefill(request, 100, new LayerRange(0, 9)); break;
                case 1:
                    Assert.Equal((100, 9, 0), (request.ChunkTokens, request.ComputedLayers, request.ContextTokens));
                    plan.Preempt(request);
                    break;
                default:
                    Assert.Equal((0, 0), (request.ChunkTokens, request.ComputedLayers));
                    plan.TryPrefill(request, 100);
                    break;
            }
        }), Request(0, 100, 1));
        Assert.Equal([100, 0], run.Iterations.Select(i => i.CarriedTokens));
        Assert.Equal([0.9, 1], run.Iterations.Select(i => i.LayerShare));
        Assert.Equal([100, 0], run.Iterations.Select(i => i.PendingTokens));
    }

    /// <summary>Layers of 6 ms attention and 10 ms MLP for the long request, a short one of 16 ms that arrives at 20 ms.</summary>
    [Theory]
    [InlineData(Boundary.Operator, 18, 2)]
    [InlineData(Boundary.Layer, 28, 12)]
    [InlineData(Boundary.Iteration, 156, 140)]
    public void A_short_prompt_waits_for_the_next_boundary_only(Boundary boundary, int ttft, int blocked)
    {
        var run = new MicroRun { Cost = new SegmentCost() }.Execute(_ => new ShortestFirst(boundary), Request(0, 10, 1), Request(0.020, 1, 1));
        Assert.Equal(SimDuration.FromMilliseconds(ttft), run[1].Ttft);
        Assert.Equal(SimDuration.FromMilliseconds(blocked), run[1].Scheduled - run[1].Arrival);
        Assert.Equal(SimTime.FromSeconds(boundary == Boundary.Iteration ? 0.160 : 0.176), run[0].Finished);
        Assert.Equal(SimTime.FromSeconds(0.176), run.Iterations[^1].End);
        Assert.Equal(11, run.Iterations[^2].UsedBlocks + (boundary == Boundary.Iteration ? 1 : 0));    // the suspended one keeps its blocks
        Assert.Equal(11, run.Iterations.Sum(i => i.PrefillTokens * i.LayerShare), 1e-9);
        Assert.Equal(11, run.Iterations.Sum(i => i.PrefillTokens - i.PendingTokens));
    }

    [Fact]
    public void A_boundary_at_the_very_moment_of_an_arrival_has_passed()
    {
        var run = new MicroRun { Cost = new SegmentCost() }.Execute(_ => new ShortestFirst(Boundary.Layer), Request(0, 10, 1), Request(0.016, 1, 1));
        Assert.Equal(SimDuration.FromMilliseconds(16), run[1].Scheduled - run[1].Arrival);
    }

    [Fact]
    public void Many_interrupts_lose_no_work()
    {
        for (ulong seed = 1; seed < 40; seed++)
        {
            var random = new RandomStream(seed, "interrupts");
            var time = 0.0;
            var trace = Enumerable.Range(0, 40).Select(_ => Request(time += random.NextExponential() * 0.05, 1 + random.NextInt(10), 1)).ToArray();
            var run = new MicroRun { Cost = new SegmentCost() }.Execute(_ => new ShortestFirst((Boundary)(1 + (seed % 2))), trace);
            Assert.Equal(trace.Sum(r => 16L * r.InputTokens), run.Iterations.Sum(i => (i.End - i.Start).Milliseconds), 1e-6);
            Assert.Equal(trace.Sum(r => (long)r.InputTokens), run.Iterations.Sum(i => (long)i.PrefillTokens - i.PendingTokens));
            Assert.Contains(run.Iterations, i => i.PendingTokens > 0);
            for (var i = 1; i < run.Iterations.Count; i++) Assert.True(run.Iterations[i].Start >= run.Iterations[i - 1].End);
        }
    }

    private static void Faults(string rule, Step step, ICostModel? cost = null)
    {
        var fault = Assert.Throws<PolicyFault>(() => new MicroRun { Cost = cost ?? new SegmentCost() }.Execute(_ => new Script(step), Request(0, 100, 3)));
        Assert.Contains(rule, fault.Rule, StringComparison.Ordinal);
    }

    /// <summary>Ten layers; a token takes 0.6 ms in each attention block and 1 ms in each MLP block.</summary>
    private sealed class SegmentCost : ICostModel
    {
        public CostModelInfo Info { get; } = new("segments", "test double", "none: it is a definition", []);

        public int Layers => 10;

        public bool HasSublayers => true;

        public SimDuration IterationTime(in BatchShape shape) => TimeUntil(shape, 20);

        public SimDuration TimeUntil(in BatchShape shape, int sublayers)
        {
            double milliseconds = 0;
            for (var s = 0; s < sublayers; s++)
            {
                var tokens = shape.Tokens;
                foreach (var slice in shape.Slices) tokens += s >= slice.FirstSublayer && s < slice.EndSublayer ? slice.PrefillTokens : 0;
                milliseconds += tokens * (s % 2 == 0 ? 0.6 : 1);
            }

            return SimDuration.FromMilliseconds(milliseconds);
        }
    }

    /// <summary>One request, a step each iteration.</summary>
    private sealed class Script(Step step) : IBatchPolicy
    {
        private int _iteration;

        public void Plan(in InstanceView view, BatchPlan plan)
        {
            foreach (var request in view.Running)
            {
                step(view, plan, request, _iteration++);
                return;
            }

            if (view.Waiting.TryFirst(out var first)) step(view, plan, first, _iteration++);
        }
    }

    /// <summary>One prompt at a time, the one with the fewest tokens; a shorter arrival interrupts it.</summary>
    private sealed class ShortestFirst(Boundary boundary) : IBatchPolicy
    {
        private int _current;

        public bool ShouldInterrupt(in InstanceView view) => Shortest(view) is { } shortest && shortest.InputTokens < _current;

        public void Plan(in InstanceView view, BatchPlan plan)
        {
            if (Shortest(view) is not { } request) return;
            _current = request.InputTokens;
            plan.InterruptibleAt(boundary);
            if (request.ChunkTokens > 0) plan.TryPrefill(request, request.ChunkTokens, new LayerRange(request.ComputedLayers, view.Layers - request.ComputedLayers));
            else plan.TryPrefill(request, request.InputTokens);
        }

        private static RequestView? Shortest(in InstanceView view)
        {
            RequestView? shortest = null;
            foreach (var request in view.Prefilling) if (shortest is not { } best || request.InputTokens < best.InputTokens) shortest = request;
            foreach (var request in view.Waiting) if (shortest is not { } best || request.InputTokens < best.InputTokens) shortest = request;
            return shortest;
        }
    }
}
