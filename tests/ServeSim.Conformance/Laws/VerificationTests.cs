using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Conformance.Laws;

/// <summary><c>policies verify</c> finds no fault with what comes with the program, and finds the fault of what has one.</summary>
public sealed class VerificationTests
{
    private const int Cases = 40;

    public static TheoryData<PolicyKind, string> Registered
    {
        get
        {
            var data = new TheoryData<PolicyKind, string>();
            foreach (var entry in Lab.Catalog.Entries) data.Add(entry.Kind, entry.Name);
            return data;
        }
    }

    [Theory, MemberData(nameof(Registered))]
    public void Everything_that_is_registered_keeps_every_law(PolicyKind kind, string name)
    {
        foreach (var result in new PolicyVerifier(Lab.Catalog).Verify(Lab.Catalog.Get(kind, name), Cases))
            Assert.True(result.Failure is null, $"{result.Law.Name}, case {result.Failure?.Case.Number}, {result.Failure?.Case.Scenario.Policy}: {result.Failure?.Breach}");
    }

    /// <summary>Faults that took more cases to find.</summary>
    [Theory, InlineData("attained-service", 100), InlineData("edf", 360)]
    public void What_was_broken_in_a_rare_case_stays_repaired(string name, int cases)
    {
        foreach (var result in new PolicyVerifier(Lab.Catalog).Verify(Lab.Catalog.Get(PolicyKind.Policy, name), cases))
            Assert.True(result.Failure is null, $"{result.Law.Name}: {result.Failure?.Breach}");
    }

    public static TheoryData<string, Type> Offenders => new()
    {
        { "rules", typeof(ThrowingPolicy) },
        { "progress", typeof(IdlePolicy) },
        { "determinism", typeof(MoodyPolicy) },
        { "foresight", typeof(PeekingPolicy) },
        { "promises", typeof(PromiseBreakingPolicy) },
        { "executors", typeof(PromiseBreakingPolicy) },
        { "refusals", typeof(SilentRouter) },
    };

    [Theory, MemberData(nameof(Offenders))]
    public void An_offender_is_found_with_a_small_case_that_can_be_run_again(string law, Type offender)
    {
        var catalog = PolicyCatalog.Load(null, offender);
        var entry = catalog.Entries.Single(e => e.Type == offender);
        var result = new PolicyVerifier(catalog).Verify(entry, Cases).Single(r => r.Law.Name == law);
        Assert.NotNull(result.Failure);
        Assert.True(result.Failure.Case.Records.Count <= 6, $"{result.Failure.Case.Records.Count} requests are left");

        var folder = Directory.CreateTempSubdirectory("verify").FullName;
        Assert.All(FailureFiles.Write(folder, result, catalog), line => Assert.StartsWith("servesim run ", line, StringComparison.Ordinal));
        var again = new ScenarioReader(catalog).ReadFile(Path.Combine(folder, $"{law}.yaml")).Scenario;
        Assert.Equal(result.Failure.Case.Scenario.Kv, again.Kv with { Watermark = result.Failure.Case.Scenario.Kv.Watermark });
        Assert.Equal(result.Failure.Case.Records.Count, File.ReadLines(Path.Combine(folder, $"{law}.jsonl")).Count(l => l.Contains("input_tokens", StringComparison.Ordinal) || l.Contains("input_length", StringComparison.Ordinal)));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_call_that_never_returns_is_reported()
    {
        var catalog = PolicyCatalog.Load(null, typeof(HangingPolicy));
        var verifier = new PolicyVerifier(catalog) { HangLimit = TimeSpan.FromSeconds(1) };
        var result = verifier.Verify(catalog.Get(PolicyKind.Policy, "hanging"), 1).Single(r => r.Law.Name == "progress");
        HangingPolicy.Stop = true;
        Assert.Contains("has not returned", result.Failure!.Breach, StringComparison.Ordinal);
    }

    private static void ServeAll(in InstanceView view, BatchPlan plan)
    {
        foreach (var request in view.Running)
        {
            if (request.IsPrefilling) plan.TryPrefill(request, request.RemainingPrefillTokens);
            else if (!plan.TryDecode(request)) plan.Preempt(request);
        }

        if (plan.PreemptCount > 0) return;
        foreach (var request in view.Waiting)
            if (plan.TryPrefill(request, request.RemainingPrefillTokens) == 0) break;
    }

    [Policy("throwing", "Divides by zero when three requests run.")]
    internal sealed class ThrowingPolicy : IBatchPolicy
    {
        public void Plan(in InstanceView view, BatchPlan plan)
        {
            ServeAll(view, plan);
            if (plan.SequenceCount == 3) throw new DivideByZeroException();
        }
    }

    [Policy("idle", "Plans nothing.")]
    internal sealed class IdlePolicy : IBatchPolicy
    {
        public void Plan(in InstanceView view, BatchPlan plan) { }
    }

    [Policy("moody", "Remembers earlier runs.")]
    internal sealed class MoodyPolicy : IBatchPolicy
    {
        private static int _plans;

        public void Plan(in InstanceView view, BatchPlan plan)
        {
            ServeAll(view, plan);
            if (Interlocked.Increment(ref _plans) % 7 == 0) plan.Pad(1, 1000);
        }
    }

    [Policy("peeking", "Admits short answers first, which it knows by the refusals of an oracle that it was handed in secret.")]
    internal sealed class PeekingPolicy(ILengthPredictor predictor, ClusterShape shape) : IBatchPolicy
    {
        public void Plan(in InstanceView view, BatchPlan plan)
        {
            ServeAll(view, plan);
            foreach (var request in view.Running)
                if (predictor.PredictOutputTokens(request) > 0 && TrueLength(request) % 2 == 0) plan.Pad(1, shape.BlockSize);
        }

        /// <summary>The way in that no rule of the language closes: reflection.</summary>
        private static int TrueLength(in RequestView request)
        {
            const System.Reflection.BindingFlags Hidden = System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic;
            var table = typeof(RequestView).GetField("Table", Hidden)!.GetValue(request)!;
            var fields = ((Array)table.GetType().GetField("_rows", Hidden)!.GetValue(table)!).GetValue(request.Row)!;
            return ((RequestSpec)fields.GetType().GetField("Spec", Hidden)!.GetValue(fields)!).OutputTokens;
        }
    }

    [Policy("promise-breaking", "Promises to go on and then does something else.")]
    internal sealed class PromiseBreakingPolicy : IBatchPolicy
    {
        private int _plans;

        public void Plan(in InstanceView view, BatchPlan plan)
        {
            if (view.Waiting.TryFirst(out _) || !plan.TryDecodeAll()) ServeAll(view, plan);
            else if (++_plans % 3 == 0) plan.Pad(5, 5000);
            else plan.HoldUntilChange();
        }
    }

    [Policy("silent", "Refuses long prompts without a word.")]
    internal sealed class SilentRouter : IRouterPolicy
    {
        public RouteDecision Route(in RequestView request, in ClusterView cluster) => request.InputTokens > 20 ? RouteDecision.Reject("") : RouteDecision.To(0);
    }

    [Policy("hanging", "Never comes back.")]
    internal sealed class HangingPolicy : IBatchPolicy
    {
        public static bool Stop { get; set; }

        public void Plan(in InstanceView view, BatchPlan plan)
        {
            while (!Stop) Thread.Sleep(10);
            ServeAll(view, plan);
        }
    }
}
