using System.Text.Json.Nodes;
using ServeSim.Abstractions;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Fairness;

namespace ServeSim.Tests.Policies;

/// <summary>Schedules of the published queue classes, one iteration a second; skipped where the shared folder is not at hand.</summary>
public sealed class FairnessGoldenTests
{
    [SkippableTheory]
    [InlineData("fcfs"), InlineData("vtc"), InlineData("lcf"), InlineData("drr"), InlineData("vtc_oracle"), InlineData("vtc_pred")]
    public void Check_1_admissions_ends_and_counters_are_those_of_the_published_queues(string policy)
    {
        var cases = JsonNode.Parse(File.ReadAllText(SharedFiles.Path("reference", "vtc_golden.json")))!["cases"]!.AsArray()
            .Where(c => (string)c!["policy"]! == policy).ToList();
        Assert.True(cases.Count >= 7);
        foreach (var vector in cases) Check(vector!, policy);
    }

    private static void Check(JsonNode vector, string policy)
    {
        var name = $"{policy}, {(string)vector["case"]!}";
        var users = vector["users"]!.AsArray().Select(u => (string)u!).ToList();
        var given = vector["weights"]!.AsArray().Select(w => (double)w!).ToList();
        var weights = new TenantWeights(users.Zip(given, KeyValuePair.Create));
        var asked = vector["requests"]!.AsArray().OrderBy(r => (int)r!["t"]!).ThenBy(r => (string)r!["id"]!, StringComparer.Ordinal).ToList();
        var trace = asked.Select(r => MicroRun.Request((int)r!["t"]!, (int)r["in"]!, (int)r["out"]!, tenant: (string)r["user"]!)).ToArray();

        FairnessSpy? spy = null;
        new MicroRun { Blocks = (int)vector["max_total_tokens"]! }.Execute(_ => spy = new(Policy(vector, policy, weights), users), trace);

        var expected = vector["expect"]!;
        Assert.True(Events(expected["admissions"]!).SequenceEqual(Named(spy!.Admissions, asked)), $"{name}: admissions");
        Assert.True(Events(expected["completions"]!).Order().SequenceEqual(Named(spy.Ends, asked).Order()), $"{name}: ends");    // of one iteration in any order
        var last = users.ToDictionary(u => u, _ => 0.0);
        var ticks = expected["counter_after_tick"]!.AsArray();
        for (var tick = 0; tick < ticks.Count; tick++)
        {
            last = spy.Counters.GetValueOrDefault(tick, last);    // nothing changes while nobody is served
            foreach (var user in users)
            {
                var counter = (double)ticks[tick]![user]!;
                Assert.True(Math.Abs(counter - last[user]) <= 1e-9 * Math.Max(1, Math.Abs(counter)), $"{name}, tick {tick}: {user} has {last[user]}, not {counter}");
            }
        }
    }

    private static FairPolicy Policy(JsonNode vector, string policy, TenantWeights weights)
    {
        var (cap, prompts) = ((int)vector["running_max_reqs"]!, (int)vector["batch_max_tokens"]!);
        return policy switch
        {
            "fcfs" => new RpmPolicy(new(0, cap, prompts), weights, MicroRun.Oracle),
            "lcf" => new LcfPolicy(new(MaxSequences: cap, MaxPrefillTokens: prompts), weights, MicroRun.Oracle),
            "drr" => new DrrPolicy(new((double)vector["drr_quantum"]!, MaxSequences: cap, MaxPrefillTokens: prompts), weights, MicroRun.Oracle),
            _ => new VtcPolicy(new(MaxSequences: cap, MaxPrefillTokens: prompts, Charge: policy switch
            {
                "vtc_oracle" => OutputCharge.Predicted,
                "vtc_pred" => OutputCharge.TenantAverage,
                _ => OutputCharge.Produced,
            }), weights, MicroRun.Oracle),
        };
    }

    private static IEnumerable<(int, string)> Events(JsonNode list) => list.AsArray().Select(e => ((int)e![0]!, (string)e[1]!));

    private static IEnumerable<(int, string)> Named(List<(int Tick, long Number)> events, List<JsonNode?> asked) =>
        events.Select(e => (e.Tick, (string)asked[(int)e.Number]!["id"]!));
}
