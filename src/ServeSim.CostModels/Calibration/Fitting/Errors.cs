namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>Predictions and measurements as they come.</summary>
internal sealed class Errors
{
    private readonly List<double> _predicted = [];
    private readonly List<double> _measured = [];

    public int Count => _predicted.Count;

    public ErrorSummary Summary => ErrorSummary.Of([.. _predicted], [.. _measured]);

    public void Add(double predicted, double measured)
    {
        _predicted.Add(predicted);
        _measured.Add(measured);
    }

    public void Add(Errors more)
    {
        _predicted.AddRange(more._predicted);
        _measured.AddRange(more._measured);
    }
}

internal static class ErrorGroups
{
    /// <summary>The errors of a group, empty when it is new.</summary>
    public static Errors GetOrAdd<TKey>(this SortedDictionary<TKey, Errors> groups, TKey key) where TKey : notnull
    {
        if (!groups.TryGetValue(key, out var errors)) groups[key] = errors = new();
        return errors;
    }
}
