namespace ServeSim.Experiments.Validation;

/// <summary>How the clients of a load point begin; the tables do not say it.</summary>
public enum ClientStart
{
    /// <summary>
    /// Their first requests are cut short by different amounts, so that they do not move in step; the second request of
    /// each counts. What a long measurement with uneven lengths sees.
    /// </summary>
    Spread,

    /// <summary>All at once with whole requests; every request counts. What one wave of equal requests sees.</summary>
    Together,
}
