using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Engine;

namespace ServeSim.Conformance.Laws;

/// <summary>A promise to hold a plan is kept, or the audit says which rule was broken.</summary>
public sealed class HoldTests
{
    private const int Cases = 40;

    public static TheoryData<string> Policies => [.. Lab.Policies];

    [Theory, MemberData(nameof(Policies))]
    public void Every_built_in_policy_keeps_its_promises(string policy)
    {
        for (var seed = 0; seed < Cases; seed++)
        {
            var world = TwinCase.Make(seed);
            world = world with { Options = world.Options with { Kind = EngineKind.Fast, Audit = true } };
            var options = TwinCase.OptionsFor(policy, world);
            var router = Lab.Routers[seed % Lab.Routers.Count];
            var audited = Attempt(() => Lab.Run(world, policy, router, options: options).Result);
            var plain = Attempt(() => Lab.Run(world with { Options = world.Options with { Kind = EngineKind.Plain, Audit = false } }, policy, router, options: options).Result);
            Assert.True(Equals(plain, audited), $"case {seed}: {plain} became {audited}");
        }

        static object Attempt(Func<RunResult> run)
        {
            try
            {
                return run();
            }
            catch (PolicyFault fault)
            {
                return fault.Message;
            }
        }
    }

    [Theory, InlineData(int.MaxValue), InlineData(12)]
    public void A_broken_promise_is_a_fault_that_names_the_rule(int promised)
    {
        var fault = Assert.Throws<PolicyFault>(() => Run(new RestlessPolicy(promised, decodes: 9), audit: true));
        Assert.Contains("promised to stand", fault.Rule, StringComparison.Ordinal);
        Assert.Contains("not planned again although nothing has changed", fault.Rule, StringComparison.Ordinal);
    }

    [Fact]
    public void A_promise_for_as_long_as_the_plan_stands_is_no_fault()
    {
        var audited = Run(new RestlessPolicy(null, decodes: 9), audit: true);
        Assert.Equal(audited, Run(new RestlessPolicy(null, decodes: 9), audit: false));
        Assert.Equal(audited, Run(new RestlessPolicy(null, decodes: 9), audit: false, EngineKind.Plain));
    }

    /// <summary>Otherwise nothing would have been held, and the tests above would say little.</summary>
    [Fact]
    public void A_held_policy_is_asked_less_often_and_told_of_it()
    {
        var (plain, held) = (new RestlessPolicy(null, decodes: 9), new RestlessPolicy(null, decodes: 9));
        Run(plain, audit: false, EngineKind.Plain);
        Run(held, audit: false);
        Assert.True(held.Asked < plain.Asked / 3, $"{held.Asked} of {plain.Asked}");
    }

    [Fact]
    public void A_promise_that_an_end_changes_nothing_is_audited_too()
    {
        var fault = Assert.Throws<PolicyFault>(() => Run(new MourningPolicy(throughEnds: true, pauses: true), audit: true));
        Assert.Contains("promised to stand", fault.Rule, StringComparison.Ordinal);
        Run(new MourningPolicy(throughEnds: false, pauses: true), audit: true);
    }

    [Fact]
    public void Who_promises_that_an_end_changes_nothing_is_not_asked_at_one()
    {
        var (asked, spared) = (new MourningPolicy(throughEnds: false, pauses: false), new MourningPolicy(throughEnds: true, pauses: false));
        Assert.Equal(Run(asked, audit: false), Run(spared, audit: false));
        Assert.Equal(asked.Asked - 2, spared.Asked);    // three requests end; nobody is left to be asked for after the last
    }

    private static RunResult Run(IBatchPolicy policy, bool audit, EngineKind kind = EngineKind.Fast)
    {
        var world = RandomCase.Make(1) with
        {
            Requests = [.. Enumerable.Range(0, 3).Select(i => new RequestSpec { Arrival = SimTime.FromSeconds(0.01 * i), InputTokens = 20, OutputTokens = 200 })],
            Options = new EngineOptions { TotalBlocks = 1000, Kind = kind, Audit = audit },
            Cost = new FormulaCost(5, 0.05, 0.03, 0.00025),
        };
        return Lab.Run(world, Lab.Named("restless", _ => policy)).Result;
    }

    /// <summary>Pauses for a moment after so many decode iterations. It may promise just that, or too much.</summary>
    private sealed class RestlessPolicy(int? promised, int decodes) : IBatchPolicy
    {
        private int _decoded;

        public int Asked { get; private set; }

        public void Plan(in InstanceView view, BatchPlan plan)
        {
            Asked++;
            _decoded += view.HeldIterations;
            if (_decoded == decodes)
            {
                _decoded = 0;
                plan.WakeAt(view.Now + SimDuration.FromMilliseconds(1));
                return;
            }

            plan.TryDecodeAll();
            foreach (var request in view.Waiting) plan.TryPrefill(request, int.MaxValue);
            if (!plan.IsDecodeOnly) return;
            _decoded++;
            plan.HoldFor(promised ?? 1 + decodes - _decoded);
        }
    }

    /// <summary>Decodes everybody; may pause for a moment when somebody has left.</summary>
    private sealed class MourningPolicy(bool throughEnds, bool pauses) : IBatchPolicy
    {
        private bool _isSad;

        public int Asked { get; private set; }

        public void OnFinished(in RequestView request) => _isSad = pauses;

        public void Plan(in InstanceView view, BatchPlan plan)
        {
            Asked++;
            if (_isSad)
            {
                _isSad = false;
                plan.WakeAt(view.Now + SimDuration.FromMilliseconds(1));
                return;
            }

            plan.TryDecodeAll();
            foreach (var request in view.Waiting) plan.TryPrefill(request, int.MaxValue);
            if (plan.IsDecodeOnly && throughEnds) plan.HoldUntilArrival();
            else if (plan.IsDecodeOnly) plan.HoldUntilChange();
        }
    }
}
