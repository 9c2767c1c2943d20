using System.Runtime.ExceptionServices;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>Independent work on all processors; results stand in the order of the items, whatever finishes first.</summary>
internal static class InOrder
{
    /// <summary>The result for every item. The first item that fails throws its own exception.</summary>
    public static TResult[] Select<TItem, TResult>(IReadOnlyList<TItem> items, Func<TItem, TResult> work)
    {
        var results = new TResult[items.Count];
        var errors = new Exception?[items.Count];
        Parallel.For(0, items.Count, i =>
        {
            try
            {
                results[i] = work(items[i]);
            }
            catch (Exception e)
            {
                errors[i] = e;
            }
        });
        if (Array.Find(errors, e => e is not null) is { } error) ExceptionDispatchInfo.Throw(error);
        return results;
    }
}
