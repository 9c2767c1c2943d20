namespace ServeSim.Workloads;

/// <summary>What a record can say that a run does not model.</summary>
[Flags]
public enum UnmodelledTrait
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Prefix blocks.</summary>
    Prefix = 1,

    /// <summary>A model by name.</summary>
    Model = 2,

    /// <summary>An adapter.</summary>
    Adapter = 4,

    /// <summary>Images, audio or video.</summary>
    Media = 8,
}
