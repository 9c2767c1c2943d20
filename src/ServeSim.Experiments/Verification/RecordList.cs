using System.Diagnostics.CodeAnalysis;
using ServeSim.Workloads;

namespace ServeSim.Experiments.Verification;

/// <summary>Trace records from memory.</summary>
internal sealed class RecordList(IReadOnlyList<TraceRecord> records) : ITraceSource
{
    private int _next;

    public string Format => "memory";

    public int BlockSize => 512;

    public bool MayHaveDependencies => false;

    public IReadOnlyList<string> Warnings => [];

    public TraceCounts Counts { get; } = new();

    public long Changes => 0;

    public bool TryRead([NotNullWhen(true)] out TraceRecord? record)
    {
        record = _next < records.Count ? records[_next++] : null;
        return record is not null;
    }

    public void Dispose() { }
}
