using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration;

/// <summary>Fitted constants of one kernel family on one device, with the evidence.</summary>
/// <param name="Stack">Software stack: vllm or sarathi.</param>
/// <param name="Device">Accelerator or topology; "*" for any other.</param>
/// <param name="Operator">Kernel family.</param>
/// <param name="Names">Names of the constants.</param>
/// <param name="Values">The constants.</param>
/// <param name="Rows">Measurements they rest on.</param>
/// <param name="Fit">Error on those rows.</param>
/// <param name="HeldBack">Error on shapes kept back from a fit to the others; null where there were too few.</param>
public sealed record CoefficientEntry(
    string Stack, string Device, string Operator, IReadOnlyList<string> Names, double[] Values, int Rows, ErrorSummary Fit, ErrorSummary? HeldBack)
{
    /// <summary>A constant by name, or what to assume without it.</summary>
    public double Get(string name, double otherwise)
    {
        for (var i = 0; i < Names.Count; i++)
            if (Names[i] == name) return Values[i];
        return otherwise;
    }

    /// <summary>A constant by name.</summary>
    public double this[string name]
    {
        get
        {
            for (var i = 0; i < Names.Count; i++)
                if (Names[i] == name) return Values[i];
            throw new InvalidDataException($"{Operator} of {Device}: no constant {name}");
        }
    }
}
