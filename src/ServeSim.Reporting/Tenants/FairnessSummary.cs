namespace ServeSim.Reporting.Tenants;

/// <summary>How evenly tenants were served. A request's service counts evenly between its first and its last token, and is divided by its tenant's weight.</summary>
public sealed record FairnessSummary
{
    /// <summary>Service of a prompt token.</summary>
    public required double InputPrice { get; init; }

    /// <summary>Service of an output token.</summary>
    public required double OutputPrice { get; init; }

    /// <summary>Time between two looks at the service received, in seconds.</summary>
    public required double ResolutionSeconds { get; init; }

    /// <summary>(Σx)² / (n Σx²) over the tenants' services; 1 if nobody got any.</summary>
    public required double JainIndex { get; init; }

    /// <summary>Largest difference between two tenants' services since the start, over time.</summary>
    public required double MaxServiceDifference { get; init; }

    /// <summary>The same up to the last arrival: what comes later only drains the queues.</summary>
    public required double MaxServiceDifferenceDuringArrivals { get; init; }

    /// <summary>When the largest difference was reached, in seconds.</summary>
    public required double MaxServiceDifferenceAtSeconds { get; init; }

    /// <summary>Service per second that some tenant lacked, by its demand and by the best served; null with too short a run.</summary>
    public required WindowedDifference? Windowed { get; init; }

    /// <summary>The tenants by name.</summary>
    public required IReadOnlyList<TenantSummary> Tenants { get; init; }

    /// <summary>Jain's index of some amounts.</summary>
    public static double Jain(IReadOnlyList<double> amounts)
    {
        ArgumentNullException.ThrowIfNull(amounts);
        double sum = 0, squares = 0;
        foreach (var amount in amounts) (sum, squares) = (sum + amount, squares + (amount * amount));
        return squares == 0 ? 1 : sum * sum / (amounts.Count * squares);
    }
}

/// <summary>Difference of service rates in a window that moves over the arrivals.</summary>
/// <param name="Max">Largest.</param>
/// <param name="Mean">Mean over the points.</param>
/// <param name="Variance">Population variance over the points.</param>
public sealed record WindowedDifference(double Max, double Mean, double Variance)
{
    /// <summary>Length of the window in seconds.</summary>
    public const double WindowSeconds = 60;

    /// <summary>The time from the first to the last arrival is cut into so many parts; the points lie between them.</summary>
    public const int Parts = 20;
}
