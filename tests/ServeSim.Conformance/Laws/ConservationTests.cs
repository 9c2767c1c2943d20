using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;

namespace ServeSim.Conformance.Laws;

/// <summary>The laws of <c>docs/invariants.md</c> for every registered policy, on random traces with tiny KV.</summary>
public sealed class ConservationTests
{
    private const int CasesPerPolicy = 120;

    public static TheoryData<string> Policies => [.. Lab.Policies];

    [Theory, MemberData(nameof(Policies))]
    public void Requests_tokens_blocks_and_time_are_conserved(string policy)
    {
        for (var seed = 0; seed < CasesPerPolicy; seed++)
        {
            var world = RandomCase.Make(seed);
            var (result, seen) = Lab.Run(world, policy, Lab.Routers[seed % Lab.Routers.Count]);
            var because = $"{policy}, case {seed}";

            var facts = new RunFacts(result, seen, world.Requests.Count, world.Options.TotalBlocks, world.Cost.PipelineStages);
            foreach (var law in (Func<RunFacts, string?>[])[RunLaws.Requests, RunLaws.Refusals, RunLaws.Tokens, RunLaws.Blocks, RunLaws.Time])
                Assert.True(law(facts) is null, $"{because}: {law(facts)}");
        }
    }

    [Theory, MemberData(nameof(Policies))]
    public void Clients_that_give_up_leave_nothing_behind(string policy)
    {
        var (aborted, withTokens) = (0L, 0);
        for (var seed = 0; seed < CasesPerPolicy; seed++)
        {
            var world = RandomCase.Make(seed);
            var patience = RandomCase.DrawPatience(new RandomStream((ulong)seed, "patience"));
            var (result, seen) = Lab.Run(world with { Options = world.Options with { Patience = patience } }, policy, Lab.Routers[seed % Lab.Routers.Count]);
            var because = $"{policy}, case {seed}";

            Assert.True(world.Requests.Count == result.Arrived && result.Arrived == result.Finished + result.Rejected + result.Aborted, because);
            Assert.True(seen.Requests.Select(r => r.Number).Distinct().Count() == world.Requests.Count, because);
            Assert.True(seen.Requests.Sum(r => (long)r.GeneratedTokens) == seen.Iterations.Sum(i => (long)i.EmittedTokens), because);
            Assert.True(seen.Requests.Sum(r => Math.Max(0, r.GeneratedTokens - 1L)) == seen.GapCount, because);
            var last = seen.Requests.Select(r => r.Ended).Concat(seen.Iterations.Select(i => i.End)).Max();
            Assert.True(result.End <= last + world.Options.SignalPeriod, $"{because}: a client of an ended request kept the run alive, {result.End} instead of {last}");
            CheckIterations(world, seen, because);
            foreach (var request in seen.Requests) CheckPatience(request, patience, because);
            aborted += result.Aborted;
            withTokens += seen.Requests.Count(r => r.Outcome == RequestOutcome.Aborted && r.GeneratedTokens > 0);
        }

        if (policy != "reject-all") Assert.True(aborted > CasesPerPolicy && withTokens > 0, $"{policy}: {aborted} gave up, {withTokens} of them in mid-answer");
    }

    [Theory, InlineData(EngineKind.Plain), InlineData(EngineKind.Fast)]
    public void An_answer_of_one_token_waits_for_the_prompt_that_its_prefill_left_out(EngineKind kind)
    {
        var world = RandomCase.Make(1);
        world = world with
        {
            Requests = [new RequestSpec { Arrival = SimTime.Zero, InputTokens = 14, OutputTokens = 1 }],
            Options = world.Options with { Kind = kind, Instances = 1, TotalBlocks = 100, BlockSize = 1, Watermark = 0 },
        };
        var (result, seen) = Lab.Run(world, Lab.Named("interrupting", _ => new InterruptingPolicy()));
        Assert.Equal(1, seen.Requests.Single().Preemptions);
        Assert.Equal(7 + 7 + 7, seen.Iterations.Sum(i => i.PrefillTokens + i.DecodeSequences));    // half, the half again, and the rest one by one
        Assert.Null(RunLaws.Tokens(new RunFacts(result, seen, 1, 100, world.Cost.PipelineStages)));
    }

    [Theory, MemberData(nameof(Policies))]
    public void The_same_case_gives_the_same_run(string policy)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var router = Lab.Routers[seed % Lab.Routers.Count];
            var (first, seenFirst) = Lab.Run(RandomCase.Make(seed), policy, router);
            var (second, seenSecond) = Lab.Run(RandomCase.Make(seed), policy, router);
            Assert.Equal(first, second);
            Assert.Null(RunLaws.FirstDifference(seenFirst, seenSecond));
        }
    }

    [Theory, MemberData(nameof(Policies))]
    public void No_policy_that_is_not_marked_as_oracle_depends_on_lengths_still_to_come(string policy)
    {
        if (Lab.Catalog.Get(PolicyKind.Policy, policy).UsesOracle) return;
        for (var seed = 0; seed < 20; seed++)
        {
            var world = RandomCase.Make(seed);
            var capacity = world.Options.BlockSize * (world.Options.TotalBlocks - 1);
            var longer = world with
            {
                Requests = world.Requests.Select(r => r with { OutputTokens = Math.Min(r.OutputTokens + 7, Math.Max(r.OutputTokens, capacity - r.InputTokens)) }).ToList(),
                Options = world.Options with { Watermark = 0 },
            };
            world = world with { Options = longer.Options };
            var (_, seen) = Lab.Run(world, policy, "round-robin", "max");
            var (_, seenLonger) = Lab.Run(longer, policy, "round-robin", "max");
            Assert.True(RunLaws.Foresight(seen, seenLonger) is null, $"{policy}, case {seed}: {RunLaws.Foresight(seen, seenLonger)}");
        }
    }

    /// <summary>A finished request has kept nobody waiting too long; a client that gave up did so the moment its patience ended.</summary>
    private static void CheckPatience(in RequestRecord r, ClientPatience patience, string because)
    {
        because = $"{because}, request {r.Number}";
        if (r.Outcome == RequestOutcome.Finished)
        {
            Assert.True(patience.FirstToken is not { } first || r.Ttft <= first, because);
            Assert.True(patience.NextToken is not { } next || r.MaxTbt <= next, because);
        }
        else if (r.Outcome == RequestOutcome.Aborted)
        {
            Assert.Contains("gave up", r.Reason, StringComparison.Ordinal);
            Assert.True(r.GeneratedTokens < r.OutputTokens, because);
            if (r.GeneratedTokens == 0) Assert.True(r.Ended == r.Arrival + patience.FirstToken!.Value, because);
            else Assert.True(r.Ended >= r.FirstToken + patience.NextToken!.Value, because);
        }
    }

    private static void CheckIterations(RandomCase world, RecordingObserver seen, string because)
    {
        var stages = world.Cost.PipelineStages;
        foreach (var instance in seen.Iterations.GroupBy(i => i.Instance))
        {
            var list = instance.ToList();
            for (var i = 0; i < list.Count; i++)
            {
                Assert.True(list[i].Start <= list[i].End && list[i].UsedBlocks <= world.Options.TotalBlocks, because);
                if (i > 0) Assert.True(list[i - 1].End <= list[i].End, because);
                if (i >= stages) Assert.True(list[i - stages].End <= list[i].Start, $"{because}: more than {stages} iterations in flight");
            }
        }
    }

    /// <summary>Takes the KV of a request once, in the middle of its prompt; the other half is then left to decodes.</summary>
    private sealed class InterruptingPolicy : IBatchPolicy
    {
        public void Plan(in InstanceView view, BatchPlan plan)
        {
            foreach (var request in view.Running)
            {
                if (!request.IsPrefilling) plan.TryDecode(request);
                else if (request.Preemptions == 0) plan.Preempt(request, PreemptMode.RecomputeProcessed);
            }

            foreach (var request in view.Waiting) plan.TryPrefill(request, 7);
        }
    }
}
