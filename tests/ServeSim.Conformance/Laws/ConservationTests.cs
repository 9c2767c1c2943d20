using ServeSim.Conformance.Support;
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
}
