namespace ServeSim.Abstractions;

/// <summary>Instances in the orders of their loads. An order is kept from the moment that a router first asks for it.</summary>
internal sealed class LoadOrders(InstanceSignals[] signals)
{
    private readonly Tournament<Load>?[] _orders = new Tournament<Load>?[2];

    /// <summary>The least loaded instance, the first of equals.</summary>
    public int Least(OutstandingLoad by) => (_orders[(int)by] ??= Order(by)).Winner;

    /// <summary>Follows the counters of an instance.</summary>
    public void Update(int instance)
    {
        for (var by = 0; by < _orders.Length; by++) _orders[by]?.Set(instance, Load.Of(signals[instance], (OutstandingLoad)by));
    }

    /// <summary>The same without an order: every instance is looked at.</summary>
    public static int Least(ReadOnlySpan<InstanceSignals> signals, OutstandingLoad by)
    {
        var best = 0;
        for (var i = 1; i < signals.Length; i++)
            if (Load.Of(signals[i], by).CompareTo(Load.Of(signals[best], by)) < 0) best = i;
        return best;
    }

    private Tournament<Load> Order(OutstandingLoad by)
    {
        var order = new Tournament<Load>(signals.Length, new(long.MaxValue, int.MaxValue));
        for (var i = 0; i < signals.Length; i++) order.Set(i, Load.Of(signals[i], by));
        return order;
    }

    private readonly record struct Load(long First, int Then) : IComparable<Load>
    {
        public static Load Of(in InstanceSignals signals, OutstandingLoad by) => by == OutstandingLoad.Requests
            ? new(signals.OutstandingRequests, 0)
            : new(signals.OutstandingPrefillTokens, signals.OutstandingRequests);

        public int CompareTo(Load other) => First != other.First ? First.CompareTo(other.First) : Then.CompareTo(other.Then);
    }
}
