namespace ServeSim.Tests;

/// <summary>Tests that measure the whole process (memory, time) and must not share it with others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
