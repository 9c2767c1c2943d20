using System.Diagnostics.CodeAnalysis;

namespace ServeSim.Workloads;

/// <summary>A stream of trace records: a file being read, or a file with transformations on top.</summary>
public interface ITraceSource : IDisposable
{
    /// <summary>Name of the layout.</summary>
    string Format { get; }

    /// <summary>Tokens per hash id unless a record says otherwise.</summary>
    int BlockSize { get; }

    /// <summary>False when no record can wait for another, so that nobody need remember ids.</summary>
    bool MayHaveDependencies { get; }

    /// <summary>Warnings so far, each named once.</summary>
    IReadOnlyList<string> Warnings { get; }

    /// <summary>Counts so far.</summary>
    TraceCounts Counts { get; }

    /// <summary>Grows with every warning and every record left out or changed, so that one can tell whether to look again.</summary>
    long Changes { get; }

    /// <summary>The next record, or false at the end.</summary>
    bool TryRead([NotNullWhen(true)] out TraceRecord? record);
}
