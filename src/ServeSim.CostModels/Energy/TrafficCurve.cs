using ServeSim.Abstractions;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Energy;

/// <summary>
/// A constant power, and energy for every byte from memory and every floating-point operation. Bytes are weights (routed experts as
/// far as they are touched) and KV; activations are left out.
/// </summary>
internal sealed class TrafficCurve(
    double rest, double picojoulesPerByte, double picojoulesPerFlop, ModelSpec model, PrecisionProfile precision, ICostModel cost, int devices) : IPowerCurve
{
    private readonly ICostModel _cost = model.Experts is null || cost.ExpertReads(new BatchShape { DecodeSequences = 1 }) > 0 ? cost
        : throw new InputException($"power.model: traffic counts expert reads, which cost model {cost.Info.Name} does not know; take a roofline");
    private readonly ModelFlops _flops = ModelFlops.Of(model);
    private readonly double _weightBytes = precision.WeightBytesOf(model) - precision.RoutedExpertBytesOf(model);
    private readonly double _expertBytes = model.Experts is { } e ? precision.RoutedExpertBytesOf(model) / ((double)model.ExpertLayers * e.Experts) : 0;
    private readonly double _kvBytes = precision.KvBytesPerToken(model);

    public double Watts(in IterationRecord iteration)
    {
        var seconds = (iteration.End - iteration.Start).Nanoseconds * 1e-9;
        if (seconds <= 0) return rest;
        var joules = ((picojoulesPerByte * Bytes(iteration)) + (picojoulesPerFlop * _flops.Flops(iteration))) * 1e-12;
        return rest + (joules / (seconds * devices));
    }

    public bool DependsOnTime => true;

    /// <summary>Bytes that all devices of the instance read.</summary>
    public double Bytes(in IterationRecord iteration)
    {
        double prefill = iteration.PrefillTokens, decodes = iteration.DecodeSequences;
        var reads = iteration.ExpertReads
            ?? _cost.ExpertReads(new BatchShape { PrefillTokens = iteration.PrefillTokens, DecodeSequences = iteration.DecodeSequences });

        // A chunk of q tokens with P pairs ends at P/q + q/2; exact for equal chunks.
        var keys = prefill > 0 ? iteration.LayerShare * ((iteration.PrefillSequences * (iteration.PrefillPairs / prefill)) + (prefill / 2)) : 0;
        return (_weightBytes * (decodes > 0 ? 1 : iteration.LayerShare)) + (reads * _expertBytes)
            + (_kvBytes * (keys + iteration.DecodeContextTokens + decodes));
    }
}
