namespace ServeSim.Policies.Goodput;

/// <summary>What a latency request has earned, as the tracker of JITServe's artifact counts.</summary>
public static class ArtifactTracker
{
    private const double OutputWeight = 8;

    /// <summary>Tokens that should be out after the first, which counts from its limit on if it was late.</summary>
    public static double DesiredTokens(double nowSeconds, double arrivalSeconds, double ttftSeconds, double ttftLimitSeconds, double tbtLimitSeconds) =>
        (nowSeconds - arrivalSeconds - Math.Min(ttftSeconds, ttftLimitSeconds)) / tbtLimitSeconds;

    /// <summary>
    /// The gain after an update with new tokens. As in the artifact, the prompt is credited while nothing was earned yet, and
    /// an update replaces what was earned before.
    /// </summary>
    public static double Gain(
        double earned, int newInputTokens, int newOutputTokens, int outputTokens, double desiredTokens, double ttftSeconds, double ttftLimitSeconds, double penalty)
    {
        var prompt = earned == 0 ? newInputTokens * ArtifactDensity.Faded(ttftLimitSeconds, ttftSeconds, penalty) : 0;
        return prompt + (OutputWeight * newOutputTokens * ArtifactDensity.Faded(outputTokens, desiredTokens, penalty));
    }
}
