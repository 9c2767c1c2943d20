namespace ServeSim.CostModels.Data;

/// <summary>
/// A data file of the assembly: one entry a line, comments after #. Plain text rather than JSON because every start
/// of the tool reads it: no parser to load, and only the entry that is asked for is taken apart.
/// </summary>
internal static class DataFile
{
    public static IReadOnlyList<string> Lines(string file)
    {
        using var stream = typeof(DataFile).Assembly.GetManifestResourceStream(file)
            ?? throw new InvalidOperationException($"the assembly lacks its data file {file}");
        using var reader = new StreamReader(stream);
        var lines = new List<string>(64);
        while (reader.ReadLine() is { } line)
            if (line.Length > 0 && line[0] != '#') lines.Add(line);
        return lines;
    }
}
