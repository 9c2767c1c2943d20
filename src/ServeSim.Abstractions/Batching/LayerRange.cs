namespace ServeSim.Abstractions;

/// <summary>Consecutive layers of the model, counted from 0.</summary>
/// <param name="First">First layer.</param>
/// <param name="Count">Number of layers.</param>
public readonly record struct LayerRange(int First, int Count)
{
    /// <summary>The layer behind the last one.</summary>
    public int End => First + Count;

    /// <summary>One of several near-equal parts of a stack, counted from 0; the first ones take one layer more where the division leaves a rest.</summary>
    public static LayerRange Part(int layers, int parts, int index)
    {
        var (size, rest) = Math.DivRem(layers, parts);
        return new((index * size) + Math.Min(index, rest), size + (index < rest ? 1 : 0));
    }

    /// <inheritdoc/>
    public override string ToString() => Count == 1 ? $"layer {First}" : $"layers {First} to {End - 1}";
}
