namespace ServeSim.Workloads.Writers;

/// <summary>Writes records in one layout.</summary>
internal interface IRecordWriter
{
    void Write(TraceRecord record);

    /// <summary>Writes what was held back.</summary>
    void Finish();
}
