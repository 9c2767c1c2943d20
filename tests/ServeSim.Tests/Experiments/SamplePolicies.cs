using ServeSim.Abstractions;

namespace ServeSim.Tests.Experiments;

public enum SampleOrder { FirstCome, ShortestPrompt }

public sealed record SampleOptions(int TokenBudget = 512, SampleOrder Order = SampleOrder.FirstCome, double? Slack = null)
{
    public SimDuration Window { get; init; } = SimDuration.FromMilliseconds(5);
    public bool Chunked { get; init; } = true;
    public string Label { get; init; } = "plain";
    public long Cap { get; init; } = 1L << 40;
}

[Policy("sample", "Does nothing, with every kind of option.", Paper = "A test")]
public sealed class SamplePolicy(SampleOptions options, RandomStream random, ClusterShape shape, ICostModel cost) : IBatchPolicy
{
    public SampleOptions Options { get; } = options;
    public ulong FirstDraw { get; } = random.NextUInt64();
    public bool HasShape { get; } = shape.Instances > 0 && ReferenceEquals(shape.Cost, cost);

    public void Plan(in InstanceView view, BatchPlan plan) { }
}

[Policy("sample-bare", "Does nothing, without options.")]
public sealed class BarePolicy : IBatchPolicy
{
    public void Plan(in InstanceView view, BatchPlan plan) { }
}

public sealed record PredictingOptions(int Quantile = 50);

[Policy("sample-predicting", "Asks for a predictor.")]
public sealed class PredictingPolicy(PredictingOptions options, ILengthPredictor predictor) : IBatchPolicy
{
    public PredictingOptions Options { get; } = options;
    public ILengthPredictor Predictor { get; } = predictor;

    public void Plan(in InstanceView view, BatchPlan plan) { }
}

[Policy("sample-peeking", "Asks for the oracle without saying so.")]
public sealed class PeekingPolicy(IOracle oracle) : IBatchPolicy
{
    public IOracle Oracle { get; } = oracle;

    public void Plan(in InstanceView view, BatchPlan plan) { }
}

[Policy("sample-clairvoyant", "Asks for the oracle and says so.", UsesOracle = true)]
public sealed class ClairvoyantPolicy(IOracle oracle) : IBatchPolicy
{
    public IOracle Oracle { get; } = oracle;

    public void Plan(in InstanceView view, BatchPlan plan) { }
}

[Policy("sample-odd", "Asks for something that nobody has.")]
public sealed class OddPolicy(Uri address) : IBatchPolicy
{
    public Uri Address { get; } = address;

    public void Plan(in InstanceView view, BatchPlan plan) { }
}

public sealed record FussyOptions
{
    public FussyOptions(int Size = 4)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Size, 1);
        this.Size = Size;
    }

    public int Size { get; init; }
}

[Policy("sample-fussy", "Refuses some sizes.")]
public sealed class FussyPolicy(FussyOptions options) : IBatchPolicy
{
    public FussyOptions Options { get; } = options;

    public void Plan(in InstanceView view, BatchPlan plan) { }
}

public sealed record SampleRouterOptions(int Choices = 2);

[Policy("sample-router", "Always the first instance.")]
public sealed class SampleRouter(SampleRouterOptions options) : IRouterPolicy
{
    public SampleRouterOptions Options { get; } = options;

    public RouteDecision Route(in RequestView request, in ClusterView cluster) => RouteDecision.To(0);
}

public sealed record SamplePredictorOptions(double Sigma = 0);

[Policy("sample-predictor", "Always the same.")]
public sealed class SamplePredictor(SamplePredictorOptions options) : ILengthPredictor
{
    public SamplePredictorOptions Options { get; } = options;

    public int PredictOutputTokens(in RequestView request) => 100;
}

[Policy("sample", "The same name again.")]
public sealed class TwinPolicy : IBatchPolicy
{
    public void Plan(in InstanceView view, BatchPlan plan) { }
}

[Policy("sample-nothing", "Marked but useless.")]
public sealed class MarkedButUseless;

internal static class Samples
{
    public static readonly Type[] Types = [typeof(SamplePolicy), typeof(BarePolicy), typeof(PredictingPolicy), typeof(PeekingPolicy),
        typeof(ClairvoyantPolicy), typeof(OddPolicy), typeof(FussyPolicy), typeof(SampleRouter), typeof(SamplePredictor)];
}
