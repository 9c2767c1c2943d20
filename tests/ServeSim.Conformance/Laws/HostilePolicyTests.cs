using System.Text.RegularExpressions;
using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Engine;
using ServeSim.Policies.Routing;

namespace ServeSim.Conformance.Laws;

/// <summary>Policies that try to break state: each run either keeps every law or ends in a <see cref="PolicyFault"/>.</summary>
public sealed class HostilePolicyTests
{
    [Fact]
    public void Random_verbs_do_no_harm_or_end_in_a_fault()
    {
        var outcomes = new Dictionary<string, int>();
        for (var seed = 0; seed < 3000; seed++)
        {
            var world = RandomCase.Make(seed);
            world = world with { Options = world.Options with { LivelockLimit = 300, Instances = 2 } };
            var shared = new List<RequestView>();
            var plans = new List<BatchPlan>();
            string outcome;
            try
            {
                var (result, seen) = Lab.Run(world, new NamedPolicies(
                    "hostile", i => new HostilePolicy(new RandomStream((ulong)seed, $"hostile/{i}"), shared, plans, oneIn: seed % 3 == 0 ? 100_000_000 : 30 * (seed % 7)), "round-robin", new RoundRobinRouter()));
                Assert.Equal(world.Requests.Count, result.Finished + result.Rejected);
                Assert.All(seen.Requests, r => Assert.True(r.Outcome == RequestOutcome.Rejected || r.GeneratedTokens == r.OutputTokens));
                outcome = "ended";
            }
            catch (PolicyFault fault)
            {
                Assert.Equal("hostile", fault.Policy);
                outcome = Regex.Replace(fault.Rule.Split(';', ':')[0], "[0-9.]+", "#");
            }

            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        Assert.True(outcomes.GetValueOrDefault("ended") > 300, Report(outcomes));
        Assert.True(outcomes.Count > 8, Report(outcomes));
    }

    private static string Report(Dictionary<string, int> outcomes) =>
        string.Join('\n', outcomes.OrderByDescending(o => o.Value).Select(o => $"{o.Value} x {o.Key}"));

    [Fact]
    public void A_policy_that_plans_nothing_is_stopped_with_a_diagnosis()
    {
        var fault = Assert.Throws<PolicyFault>(() => Lab.Run(RandomCase.Make(1), Named(new IdlePolicy())));
        Assert.Contains("no progress", fault.Rule, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_that_evicts_what_it_has_computed_is_stopped_with_a_diagnosis()
    {
        var fault = Assert.Throws<PolicyFault>(() => Lab.Run(RandomCase.Make(1), Named(new ThrashingPolicy())));
        Assert.Contains("no progress in 20000 plans", fault.Rule, StringComparison.Ordinal);
    }

    [Fact]
    public void A_router_that_names_no_instance_is_a_fault()
    {
        var world = RandomCase.Make(1);
        Assert.Throws<PolicyFault>(() => Lab.Run(world, new NamedPolicies("idle", _ => new IdlePolicy(), "lost", new LostRouter())));
    }

    private static NamedPolicies Named(IBatchPolicy policy) => new("test", _ => policy, "round-robin", new FirstRouter());

    private sealed class FirstRouter : IRouterPolicy
    {
        public RouteDecision Route(in RequestView request, in ClusterView cluster) => RouteDecision.To(0);
    }

    private sealed class LostRouter : IRouterPolicy
    {
        public RouteDecision Route(in RequestView request, in ClusterView cluster) => RouteDecision.To(cluster.Count);
    }

    private sealed class IdlePolicy : IBatchPolicy
    {
        public void Plan(in InstanceView view, BatchPlan plan) { }
    }

    /// <summary>Prefills a piece of each request and drops it again, for ever.</summary>
    private sealed class ThrashingPolicy : IBatchPolicy
    {
        public void Plan(in InstanceView view, BatchPlan plan)
        {
            foreach (var request in view.Running) plan.Preempt(request);
            if (plan.PreemptCount > 0) return;
            foreach (var request in view.Waiting) plan.TryPrefill(request, Math.Max(1, request.InputTokens - 1));
        }
    }

    private sealed class HostilePolicy(RandomStream random, List<RequestView> seen, List<BatchPlan> plans, int oneIn) : IBatchPolicy
    {
        public void OnArrived(in RequestView request) => seen.Add(request);

        public bool ShouldInterrupt(in InstanceView view) => random.NextInt(2) == 0;

        public void Plan(in InstanceView view, BatchPlan plan)
        {
            plans.Add(plan);
            var isMild = random.NextInt(1 + oneIn) > 0;
            if (isMild) Mild(view, plan);
            for (var i = isMild ? 99 : random.NextInt(6); i < 6; i++) Verb(view, plan, seen[random.NextInt(seen.Count)]);
        }

        private void Mild(in InstanceView view, BatchPlan plan)
        {
            foreach (var request in view.Running)
            {
                if (random.NextInt(20) == 0) plan.Preempt(request, plan.CanSwapOut(request) ? PreemptMode.Swap : (PreemptMode)random.NextInt(3), (QueueEnd)random.NextInt(2));
                else if (request.ChunkTokens > 0) plan.TryPrefill(request, request.ChunkTokens, new LayerRange(request.ComputedLayers, view.Layers - request.ComputedLayers));
                else if (request.IsPrefilling) plan.TryPrefill(request, random.NextInt(40));
                else if (!plan.TryDecode(request) && random.NextInt(2) == 0) plan.Preempt(request);
            }

            foreach (var request in view.Swapped) plan.TrySwapIn(request);
            foreach (var request in view.Waiting)
            {
                if (random.NextInt(100) == 0) plan.Reject(request, "");
                else plan.TryPrefill(request, random.NextInt(60));
            }

            for (var i = 0; i < plan.PreemptCount; i++)
                if (plan.Preempted(i).IsLive && random.NextInt(3) == 0 && plan.PrefillTokensOf(plan.Preempted(i)) > 0 && plan.Preempted(i).State == RequestState.Running && !view.Swapped.TryFirst(out _)) TryAgain(plan, plan.Preempted(i));
            if (plan.IsEmpty) plan.WakeAt(view.Now + SimDuration.FromMilliseconds(1));
        }

        private void TryAgain(BatchPlan plan, RequestView request)
        {
            if (random.NextInt(2) == 0) plan.Reserve(request, plan.PrefillTokensOf(request));
            else plan.TryPrefill(request, 5);
        }

        private void Verb(in InstanceView view, BatchPlan plan, RequestView request)
        {
            if (random.NextInt(10) == 0) plan = plans[random.NextInt(plans.Count)];    // perhaps another instance's, closed one
            switch (random.NextInt(15))
            {
                case 0: plan.TryPrefill(request, random.NextInt(100) - 10); break;
                case 1: plan.TryDecode(request); break;
                case 2: plan.Preempt(request, (PreemptMode)random.NextInt(5)); break;
                case 3: plan.Reserve(request, random.NextInt(1000) - 5); break;
                case 4: plan.TrySwapIn(request); break;
                case 5: plan.Reject(request, "no"); break;
                case 6: plan.WakeAt(new SimTime(view.Now.Nanoseconds + random.NextInt(100) - 50)); break;
                case 7: plan.Withdraw(request); break;
                case 8: plan.Pad(random.NextInt(20) - 2, random.NextInt(100)); break;
                case 9: plan.TryDecodeAll(); break;
                case 10: plan.TryPrefill(default, 1); break;
                case 11: if (random.NextInt(20) == 0) throw new InvalidOperationException("a bug in the policy"); break;
                case 12: plan.TryPrefill(request, random.NextInt(100) - 10, new LayerRange(random.NextInt(4) - 1, random.NextInt(5))); break;
                case 13: plan.InterruptibleAt((Boundary)random.NextInt(4)); break;
                default: plan.OverlapSwaps(); break;
            }
        }
    }
}
