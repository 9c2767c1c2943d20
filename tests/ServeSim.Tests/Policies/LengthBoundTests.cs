using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Policies.Prediction;

namespace ServeSim.Tests.Policies;

/// <summary>Predictors that answer with an upper quantile, and the ranks of a proxy.</summary>
public sealed class LengthBoundTests
{
    private readonly Views _views = new();

    [Theory, InlineData(0, 90), InlineData(55, 100), InlineData(85, 100), InlineData(100, 101), InlineData(500, 501)]
    public void Check_6_the_bound_is_a_lower_quantile_of_what_is_still_possible(int generated, int bound)
    {
        var predictor = History(new(Quantile: 0.9, MinSamples: 1, PriorTokens: 64));
        for (var length = 10; length <= 100; length += 10) predictor.OnFinished(_views.Finished(length));
        Assert.Equal(bound, predictor.PredictOutputTokens(_views.Generate(_views.Add(1, 9999), generated)));
    }

    [Fact]
    public void A_key_with_too_few_possible_lengths_gives_way_to_a_wider_one_and_no_history_to_the_prior()
    {
        var predictor = History(new(Quantile: 1, MinSamples: 3, PriorTokens: 700));
        Assert.Equal(700, predictor.PredictOutputTokens(_views.Add(8)));
        foreach (var length in (int[])[10, 20, 30]) predictor.OnFinished(_views.Generate(_views.Add(8, 1), length));
        foreach (var length in (int[])[500, 600]) predictor.OnFinished(_views.Generate(_views.Add(1000, 1), length));
        Assert.Equal(30, predictor.PredictOutputTokens(_views.Add(15)));                             // prompts of 8 to 15
        Assert.Equal(600, predictor.PredictOutputTokens(_views.Add(1023)));                          // two are too few: all five
        Assert.Equal(600, predictor.PredictOutputTokens(_views.Generate(_views.Add(8, 9999), 30)));  // none of its own is possible any more
        Assert.Equal(25, predictor.PredictOutputTokens(_views.Add(1023, cap: 25)));
    }

    [Fact]
    public void History_that_drifts_and_medians_err_on_purpose()
    {
        var drifted = History(new(Quantile: 1, MinSamples: 1, Drift: 0.5));
        drifted.OnFinished(_views.Finished(100));
        Assert.Equal(50, drifted.PredictOutputTokens(_views.Add()));
        var median = History(new(Quantile: 1, MinSamples: 1, UnderCoverage: 1));
        foreach (var length in (int[])[10, 20, 30]) median.OnFinished(_views.Finished(length));
        Assert.Equal(20, median.PredictOutputTokens(_views.Add()));
    }

    /// <summary>Why runs under overload report less coverage than the quantile: long outputs are still unknown while the backlog grows.</summary>
    [Fact]
    public void What_short_requests_teach_first_covers_less_than_asked_and_the_same_lengths_in_order_of_arrival_do_not()
    {
        var random = new RandomStream(11, "lengths");
        var lengths = Enumerable.Range(0, 1000).Select(_ => 1 + random.NextInt(1000)).ToArray();
        var finished = lengths.Select((length, i) => (double)i + length).ToArray();
        Assert.InRange(Coverage([.. finished.Order()]), 0.9, 0.97);    // the first answers rest on few lengths

        // Lengths known at t have density proportional to t - x: their quantile is (1 - √0.05) t, which covers that share of t out of 1000.
        Assert.Equal((1 - Math.Sqrt(0.05)) / 2, Coverage(finished), 0.04);

        double Coverage(double[] knownAt)
        {
            var predictor = History(new(Quantile: 0.95, MinSamples: 1));
            var order = Enumerable.Range(0, lengths.Length).OrderBy(i => knownAt[i]).ToArray();
            var (known, covered) = (0, 0);
            for (var i = 0; i < lengths.Length; i++)
            {
                while (known < order.Length && knownAt[order[known]] <= i) predictor.OnFinished(_views.Finished(lengths[order[known++]]));
                if (predictor.PredictOutputTokens(_views.Add()) >= lengths[i]) covered++;
            }

            return (double)covered / lengths.Length;
        }
    }

    [Theory, InlineData(0.95, 0.5), InlineData(0.8, 1.0), InlineData(0.5, 0.3)]
    public void Noisy_bound_covers_the_truth_as_often_as_asked_and_sharpens_as_tokens_come_out(double quantile, double spread)
    {
        var predictor = new NoisyBoundPredictor(new(quantile, spread), new TrueLengths(), new(3, "noise"));
        var requests = Enumerable.Range(0, 4000).Select(_ => _views.Add(1, 10_000)).ToArray();
        var first = requests.Select(r => predictor.PredictOutputTokens(r)).ToArray();
        Assert.Equal(quantile, first.Average(bound => bound >= 10_000 ? 1.0 : 0), 0.02);
        Assert.Equal(first, requests.Select(r => predictor.PredictOutputTokens(r)).ToArray());
        var later = requests.Select(r => (double)predictor.PredictOutputTokens(_views.Generate(r, 5_000))).ToArray();
        Assert.True(Deviation(later) < 0.6 * Deviation(Array.ConvertAll(first, x => (double)x)));
        Assert.All(requests, r => Assert.True(predictor.PredictOutputTokens(_views.Generate(r, 9_999)) >= 10_000));

        static double Deviation(double[] values)
        {
            var logs = values.Select(v => Math.Log(v)).ToArray();
            return Math.Sqrt(logs.Average(x => x * x) - (logs.Average() * logs.Average()));
        }
    }

    [Theory, InlineData(1.0), InlineData(0.5), InlineData(0.0)]
    public void Proxy_rank_has_the_rank_correlation_that_was_asked_for_and_no_scale(double tau)
    {
        var predictor = new ProxyRankPredictor(new(tau), new TrueLengths(), new(5, "rank"));
        var random = new RandomStream(1, "lengths");
        var lengths = Enumerable.Range(0, 1500).Select(_ => 1 + random.NextInt(900)).ToArray();
        var requests = lengths.Select(length => _views.Add(1, length)).ToArray();
        var ranks = requests.Select(r => predictor.PredictOutputTokens(r)).ToArray();
        Assert.Equal(ranks, requests.Select(r => predictor.PredictOutputTokens(r)));
        double concordance = 0;
        for (var i = 0; i < ranks.Length; i++)
            for (var j = 0; j < i; j++) concordance += Math.Sign(lengths[i] - lengths[j]) * Math.Sign(ranks[i] - ranks[j]);
        Assert.Equal(tau, concordance / (ranks.Length * (ranks.Length - 1) / 2.0), 0.05);
        if (tau == 1) Assert.NotEqual(lengths, ranks);
    }

    [Theory, InlineData(0.5, 0), InlineData(0.95, 1.6448536269514722), InlineData(0.001, -3.090232306167813), InlineData(0.999999, 4.753424308822899)]
    public void The_normal_quantile_is_the_textbooks(double share, double quantile)
    {
        Assert.Equal(quantile, StandardNormal.Quantile(share), 1e-9);
        Assert.Equal(share, StandardNormal.Share(quantile), 1e-12);
    }

    [Fact]
    public void A_scheduler_asks_again_after_so_many_tokens_and_takes_the_class_mean_until_the_first_answer_is_there()
    {
        var asked = new CountingPredictor();
        var bounds = new LengthBounds(asked, refreshTokens: 50, SimDuration.FromMilliseconds(7));
        var request = _views.Add(1, 9999);
        Assert.Equal(256, bounds.Of(request, SimTime.FromSeconds(0.006)));
        bounds.OnFinished(_views.Finished(40));
        bounds.OnFinished(_views.Finished(60));
        Assert.Equal(50, bounds.Of(request, SimTime.FromSeconds(0.006)));
        Assert.Equal(0, asked.Count);
        Assert.Equal(10, bounds.Of(request, SimTime.FromSeconds(0.007)));
        Assert.Equal(50, bounds.Of(_views.Generate(request, 49), SimTime.FromSeconds(1)));    // never at or below what is generated
        Assert.Equal(1, asked.Count);
        bounds.Of(_views.Generate(request, 50), SimTime.FromSeconds(1));
        bounds.Of(_views.Generate(request, 99), SimTime.FromSeconds(1));
        Assert.Equal(2, asked.Count);
    }

    private static QuantileHistoryPredictor History(QuantileHistoryOptions options) =>
        new(options, new(1, 1000, 16, 100_000, 1, new UnitCost()), new(1, "history"));

    private sealed class CountingPredictor : ILengthPredictor
    {
        public int Count { get; private set; }

        public int PredictOutputTokens(in RequestView request)
        {
            Count++;
            return 10;
        }
    }
}
