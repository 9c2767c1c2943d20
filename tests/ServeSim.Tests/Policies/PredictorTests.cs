using ServeSim.Engine;
using ServeSim.Policies.Prediction;

namespace ServeSim.Tests.Policies;

public sealed class PredictorTests
{
    private readonly Views _views = new();

    [Fact]
    public void Oracle_tells_the_truth() => Assert.Equal(123, new OraclePredictor(new TrueLengths()).PredictOutputTokens(_views.Add(5, 123)));

    [Fact]
    public void Max_takes_the_clients_cap_and_otherwise_its_own()
    {
        var predictor = new MaxPredictor(new(777));
        Assert.Equal(50, predictor.PredictOutputTokens(_views.Add(5, 10, cap: 50)));
        Assert.Equal(777, predictor.PredictOutputTokens(_views.Add(5, 10)));
    }

    [Fact]
    public void Noisy_errs_the_same_way_about_the_same_request_in_any_order_of_questions()
    {
        var forwards = new NoisyPredictor(new(), new TrueLengths(), new(3, "noise"));
        var backwards = new NoisyPredictor(new(), new TrueLengths(), new(3, "noise"));
        var requests = Enumerable.Range(0, 50).Select(_ => _views.Add(1, 200)).ToArray();
        var first = requests.Select(r => forwards.PredictOutputTokens(r)).ToArray();
        Assert.Equal(first, requests.Reverse().Select(r => backwards.PredictOutputTokens(r)).Reverse());
        Assert.Equal(first, requests.Select(r => forwards.PredictOutputTokens(r)));
        Assert.True(first.Distinct().Count() > 25);
    }

    [Fact]
    public void Noisy_forgets_a_request_whose_row_another_one_has_taken()
    {
        var predictor = new NoisyPredictor(new(Spread: 0), new TrueLengths(), new(3, "noise"));
        var gone = _views.Add(0L, 1, 10);
        Assert.Equal(10, predictor.PredictOutputTokens(gone));
        _views.Finish(gone);
        var next = _views.Add(1L, 1, 99);
        Assert.Equal(gone.Row, next.Row);
        Assert.Equal(99, predictor.PredictOutputTokens(next));
    }

    [Theory, InlineData(1, 0.5), InlineData(2, 0.25), InlineData(0.5, 0)]
    public void Noisy_has_the_bias_and_the_spread_that_it_was_given(double bias, double spread)
    {
        var predictor = new NoisyPredictor(new(bias, spread), new TrueLengths(), new(3, "noise"));
        var logs = Enumerable.Range(0, 4000).Select(_ => Math.Log(predictor.PredictOutputTokens(_views.Add(1, 100_000)) / 1e5)).ToArray();
        var mean = logs.Average();
        Assert.Equal(Math.Log(bias), mean, 0.03);
        Assert.Equal(spread, Math.Sqrt(logs.Average(x => (x - mean) * (x - mean))), 0.02);
    }

    [Theory, InlineData(null, 20), InlineData(0.5, 20), InlineData(1.0, 40), InlineData(0.0, 5), InlineData(0.75, 20)]
    public void History_answers_from_the_last_window_of_finished_requests(double? quantile, int expected)
    {
        var predictor = new HistoryPredictor(new(Window: 4, quantile, StartTokens: 64));
        Assert.Equal(64, predictor.PredictOutputTokens(_views.Add()));
        foreach (var output in (int[])[1000, 1, 5, 20, 40, 20]) predictor.OnFinished(_views.Finished(output));
        Assert.Equal(quantile is null ? 21 : expected, predictor.PredictOutputTokens(_views.Add()));    // of 5, 20, 40, 20; their mean is 21.25
    }
}
