using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Experiments.Composition;

/// <summary>
/// Passes a predictor's answers on and compares them with the truth once requests have finished. Later answers count only of
/// a policy that asks alike on both executors: a held plan asks for none.
/// </summary>
internal sealed class PredictionMeter(ILengthPredictor predictor, bool countsLater) : ILengthPredictor
{
    private static readonly int[] Marks = [0, 50, 100, 200];

    private readonly RequestMap<Answers> _answers = new();
    private readonly long[] _counts = new long[Marks.Length];
    private readonly double[] _ratios = new double[Marks.Length];
    private long _covered;

    public int PredictOutputTokens(in RequestView request)
    {
        var answer = predictor.PredictOutputTokens(request);
        ref var answers = ref _answers[request];
        var mark = Marks.Length - 1;
        while (request.GeneratedTokens < Marks[mark]) mark--;
        if (answers[mark] == 0 && (countsLater || (mark == 0 && request.GeneratedTokens == 0))) answers[mark] = answer;
        return answer;
    }

    public void OnFinished(in RequestView request)
    {
        predictor.OnFinished(request);
        var answers = _answers[request];
        for (var mark = 0; mark < Marks.Length; mark++)
        {
            if (answers[mark] == 0) continue;
            _counts[mark]++;
            _ratios[mark] += answers[mark] / (double)request.GeneratedTokens;
        }

        if (answers[0] != 0 && answers[0] >= request.GeneratedTokens) _covered++;
    }

    public LengthPredictionSummary ToSummary() => new()
    {
        Requests = _counts[0],
        Coverage = _counts[0] == 0 ? null : (double)_covered / _counts[0],
        Ratios = [.. Marks.Select((mark, i) => new LengthRatio(mark, _counts[i], _counts[i] == 0 ? null : _ratios[i] / _counts[i]))],
    };

    [System.Runtime.CompilerServices.InlineArray(4)]
    private struct Answers
    {
        private int _first;
    }
}
