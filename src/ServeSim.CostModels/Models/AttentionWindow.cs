namespace ServeSim.CostModels.Models;

/// <summary>Layers whose attention does not see the whole context.</summary>
/// <param name="Kind">How the limited layers look back.</param>
/// <param name="Tokens">Size of the window or chunk.</param>
/// <param name="GlobalEvery">One layer in so many, the last of each group, sees everything.</param>
public sealed record AttentionWindow(WindowKind Kind, int Tokens, int GlobalEvery)
{
    /// <summary>True for a layer (counted from 0) with full attention.</summary>
    public bool IsGlobal(int layer) => (layer + 1) % GlobalEvery == 0;
}

/// <summary>Ways in which attention is limited.</summary>
public enum WindowKind
{
    /// <summary>The last W tokens, itself included.</summary>
    Sliding,

    /// <summary>The tokens since the last multiple of W (Llama 4).</summary>
    Chunked,
}
