namespace ServeSim.CostModels.Calibration;

/// <summary>The residual curves of one profiled (stack, device, model, tp); every factor is 1 where there are none.</summary>
internal sealed class ResidualOverlay
{
    private readonly Dictionary<string, ResidualCurve> _curves = new(StringComparer.Ordinal);

    public ResidualOverlay(CoefficientSet? set, string stack, string device, string model, int tensor)
    {
        if (set is null) return;
        foreach (var curve in set.Residuals)
            if (curve.Stack == stack && curve.Device == device && curve.Model == model && curve.Tensor == tensor) _curves[NameOf(curve.Operator)] = curve;
    }

    /// <summary>Breakdowns name operators in full, profiles in short.</summary>
    private static string NameOf(string op) => op switch
    {
        "o" => "attention out",
        "up" => "gate+up",
        "lm_head" => "lm head",
        _ => op,
    };

    /// <summary>Operators that have a curve.</summary>
    public int Count => _curves.Count;

    /// <summary>True where the profile says more than the law.</summary>
    public bool Covers(string op, double rows) => _curves.TryGetValue(op, out var curve) && curve.Covers(rows);

    /// <summary>Measured over predicted without tiles.</summary>
    public double Factor(string op, double rows) => _curves.TryGetValue(op, out var curve) ? curve.At(rows) : 1;
}
