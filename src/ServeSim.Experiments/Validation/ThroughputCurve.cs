namespace ServeSim.Experiments.Validation;

/// <summary>Output tokens per second over time, the tokens of a request spread evenly between its first and its last one.</summary>
public static class ThroughputCurve
{
    /// <summary>Tokens per second in each bin; both sides of a comparison must be made this way, with the same bins.</summary>
    public static double[] Of(IEnumerable<(double First, double Last, int Tokens)> requests, double binSeconds, int bins)
    {
        var tokens = new double[bins];
        foreach (var (first, last, count) in requests)
        {
            Add(first, 1);
            if (count < 2) continue;
            if (last <= first)
            {
                Add(first, count - 1);
                continue;
            }

            var rate = (count - 1) / (last - first);
            for (var bin = Index(first); bin <= Index(last); bin++)
                tokens[bin] += rate * Math.Max(0, Math.Min(last, (bin + 1) * binSeconds) - Math.Max(first, bin * binSeconds));
        }

        for (var i = 0; i < bins; i++) tokens[i] /= binSeconds;
        return tokens;

        int Index(double time) => Math.Clamp((int)(time / binSeconds), 0, bins - 1);

        void Add(double time, double count) => tokens[Index(time)] += count;
    }

    /// <summary>Sum of absolute differences over the sum of the measured curve.</summary>
    public static double Deviation(IReadOnlyList<double> measured, IReadOnlyList<double> simulated) =>
        measured.Zip(simulated, (m, s) => Math.Abs(m - s)).Sum() / measured.Sum();
}
