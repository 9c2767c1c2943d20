namespace ServeSim.Workloads.Readers;

/// <summary>How the text of a field is read.</summary>
internal enum FieldKind
{
    Skip,
    Integer,
    Time,
    DateTime,
    Text,
    Numbers,
    Names,
    Raw,
    Nested,
}
