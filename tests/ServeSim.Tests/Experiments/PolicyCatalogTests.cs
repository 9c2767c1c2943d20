using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Tests.Experiments;

public sealed class PolicyCatalogTests
{
    private static readonly PolicyCatalog Catalog = new([], Samples.Types);
    private static readonly PolicyContext Context = new(7, new ClusterShape(2, 100, 16, 4096, 1, new FreeLunch()));

    [Fact]
    public void Entries_are_listed_by_kind_and_name_with_their_options()
    {
        Assert.Equal(["sample", "sample-bare", "sample-clairvoyant", "sample-fussy", "sample-odd", "sample-peeking", "sample-predicting", "sample-router", "sample-predictor"],
            Catalog.Entries.Select(e => e.Name));
        var sample = Catalog.Get(PolicyKind.Policy, "sample");
        Assert.Equal("A test", sample.Paper);
        Assert.Equal(
            ["tokenBudget integer 512", "order first-come|shortest-prompt first-come", "slack number (none)", "window duration 5ms", "chunked boolean true", "label text plain", "cap integer 1099511627776"],
            sample.Options.Select(o => $"{o.Name} {o.TypeText} {o.DefaultText}"));
    }

    [Fact]
    public void An_unknown_name_comes_with_a_suggestion() => Assert.Equal("there is no policy \"sampl\"; did you mean \"sample\"?",
        Assert.Throws<InputException>(() => Catalog.Get(PolicyKind.Policy, "sampl")).Message);

    [Fact]
    public void A_name_taken_twice_and_a_useless_mark_are_errors()
    {
        var fault = Assert.Throws<InputException>(() => new PolicyCatalog([], typeof(SamplePolicy), typeof(TwinPolicy), typeof(MarkedButUseless)));
        Assert.Collection(fault.Problems,
            p => Assert.Equal("the policy name \"sample\" is taken twice: ServeSim.Tests.Experiments.SamplePolicy and ServeSim.Tests.Experiments.TwinPolicy", p),
            p => Assert.StartsWith("ServeSim.Tests.Experiments.MarkedButUseless is marked", p, StringComparison.Ordinal));
    }

    [Fact]
    public void A_class_without_a_mark_and_an_assembly_without_a_marked_class_are_errors()
    {
        var fault = Assert.Throws<InputException>(() => new PolicyCatalog([typeof(RandomStream).Assembly], typeof(PolicyCatalogTests)));
        Assert.Collection(fault.Problems,
            p => Assert.Equal("ServeSim.Abstractions has no class marked with [Policy(\"name\", \"one sentence\")]", p),
            p => Assert.Equal($"{typeof(PolicyCatalogTests).FullName} is to be registered but is not a class marked with [Policy(\"name\", \"one sentence\")]", p));
    }

    [Fact]
    public void A_constructor_that_throws_is_the_policys_fault()
    {
        var fault = Assert.Throws<PolicyFault>(() => new PolicyCatalog([], typeof(FailingPolicy)).CreatePolicy(new PolicyChoice("failing"), 0, Context));
        Assert.Contains("the constructor threw InvalidOperationException: not today", fault.Message, StringComparison.Ordinal);
    }

    [Policy("failing", "Cannot be made.")]
    private sealed class FailingPolicy : IBatchPolicy
    {
        public FailingPolicy() => throw new InvalidOperationException("not today");

        public void Plan(in InstanceView view, BatchPlan plan) { }
    }

    [Fact]
    public void A_constructor_gets_what_it_asks_for_by_type()
    {
        var made = (SamplePolicy)Catalog.CreatePolicy(new PolicyChoice("sample", new SampleOptions(9)), 1, Context);
        Assert.Equal(9, made.Options.TokenBudget);
        Assert.True(made.HasShape);
        Assert.Equal(new RandomStream(7, "policy/1").NextUInt64(), made.FirstDraw);
        Assert.Equal(512, ((SamplePolicy)Catalog.CreatePolicy(new PolicyChoice("sample"), 0, Context)).Options.TokenBudget);
        Assert.IsType<SampleRouter>(Catalog.CreateRouter(new RouterChoice("sample-router"), Context));
    }

    [Fact]
    public void A_predictor_is_handed_to_those_that_ask_and_missed_by_name()
    {
        var predictor = Catalog.CreatePredictor(new PredictorChoice("sample-predictor"), Context);
        var made = (PredictingPolicy)Catalog.CreatePolicy(new PolicyChoice("sample-predicting"), 0, Context with { Predictor = predictor });
        Assert.Same(predictor, made.Predictor);
        Assert.Contains("needs a length predictor", Refusal("sample-predicting", Context), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_marked_policy_gets_the_oracle()
    {
        var seeing = Context with { Oracle = new NoSurprise() };
        Assert.IsType<ClairvoyantPolicy>(Catalog.CreatePolicy(new PolicyChoice("sample-clairvoyant"), 0, seeing));
        Assert.Contains("not marked", Refusal("sample-peeking", seeing), StringComparison.Ordinal);
        Assert.True(Catalog.UsesOracle(new Scenario { Policy = new("sample-clairvoyant"), Router = new("sample-router") }));
        Assert.False(Catalog.UsesOracle(new Scenario { Policy = new("sample"), Router = new("sample-router") }));
    }

    [Fact]
    public void A_parameter_that_nobody_supplies_is_named() =>
        Assert.Contains("asks for Uri", Refusal("sample-odd", Context), StringComparison.Ordinal);

    private static string Refusal(string name, PolicyContext context) =>
        Assert.Throws<InputException>(() => Catalog.CreatePolicy(new PolicyChoice(name), 0, context)).Message;

    private sealed class FreeLunch : ICostModel
    {
        public CostModelInfo Info => new("free", "none", "none", []);

        public SimDuration IterationTime(in BatchShape shape) => new(1);
    }

    private sealed class NoSurprise : IOracle
    {
        public int OutputTokens(in RequestView request) => 1;
    }
}
