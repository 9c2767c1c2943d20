using ServeSim.Abstractions;

namespace ServeSim.CostModels.Energy;

/// <summary>Constant watts at rest, a curve while an iteration runs.</summary>
internal sealed class CurvePower(IPowerCurve curve, double idleWatts, double contextWatts, PowerModelInfo info) : IPowerModel
{
    /// <inheritdoc/>
    public PowerModelInfo Info => info;

    /// <inheritdoc/>
    public double RestWatts(PowerState state) => state switch
    {
        PowerState.Off => 0,
        PowerState.Idle => idleWatts,
        _ => contextWatts,
    };

    /// <inheritdoc/>
    public double BusyWatts(in IterationRecord iteration) => curve.Watts(iteration);

    /// <inheritdoc/>
    public void BusyWatts(in DecodeRun run, int first, Span<double> watts)
    {
        if (!curve.DependsOnTime) watts.Fill(curve.Watts(run[first]));
        else curve.Watts(run, first, watts);
    }
}
