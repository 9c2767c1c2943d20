namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// t = t0 + κ/es · x/BW · (1 − r + r/boost), r = 1 / (1 + (x / 0.6 L2)³): what fits into the cache moves faster.
/// </summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="Share">es, of the device.</param>
/// <param name="Multiplier">κ, of the kernel in its software stack.</param>
/// <param name="Boost">Speed-up of cached traffic, of the stack.</param>
public readonly record struct ElementWiseLaw(double StartMicroseconds, double Share, double Multiplier, double Boost)
{
    /// <summary>One execution that moves so many bytes.</summary>
    public double Microseconds(double bytes, in DeviceRates device)
    {
        var fill = bytes / (0.6 * device.L2Bytes);
        var cached = 1 / (1 + (fill * fill * fill));
        return StartMicroseconds + (Multiplier / Share * bytes / device.BytesPerMicrosecond * (1 - cached + (cached / Boost)));
    }
}
