using System.Globalization;
using System.IO.Compression;
using ServeSim.Abstractions;

namespace ServeSim.CostModels.Calibration.Profiles;

/// <summary>A CSV file, gzip-compressed or not, as named columns of text.</summary>
public sealed class ProfileTable
{
    private readonly Dictionary<string, int> _columns = new(StringComparer.Ordinal);
    private readonly List<string[]> _rows = [];
    private readonly List<int> _lines = [];

    private ProfileTable(string file, string[] header)
    {
        File = file;
        Header = header;
        for (var i = 0; i < header.Length; i++)
            if (!_columns.TryAdd(header[i], i)) throw new InputException($"{file}: the column \"{header[i]}\" appears twice");
    }

    /// <summary>Name of the file in messages.</summary>
    public string File { get; }

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Header { get; }

    /// <summary>Data rows.</summary>
    public int Count => _rows.Count;

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">It cannot be read or a row has too many or too few fields.</exception>
    public static ProfileTable Read(string path)
    {
        try
        {
            using var file = System.IO.File.OpenRead(path);
            using var unpacked = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            using var reader = new StreamReader(unpacked);
            return Read(Path.GetFileName(path), reader);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Reads CSV text.</summary>
    /// <exception cref="InputException">It has no header, or a row has too many or too few fields.</exception>
    public static ProfileTable Read(string name, TextReader reader)
    {
        if (reader.ReadLine() is not { Length: > 0 } first) throw new InputException($"{name}: is empty; the first line must name the columns");
        var table = new ProfileTable(name, first.TrimStart('\uFEFF').Split(',', StringSplitOptions.TrimEntries));
        var problems = new List<string>();
        for (var line = 2; reader.ReadLine() is { } text; line++)
        {
            if (text.Length == 0) continue;
            var fields = text.Split(',');
            if (fields.Length != table.Header.Count)
                problems.Add($"{name} line {line}: {fields.Length} fields where the header names {table.Header.Count}");
            table._rows.Add(fields);
            table._lines.Add(line);
            if (problems.Count == 10) break;
        }

        return problems.Count > 0 ? throw new InputException(problems) : table;
    }

    /// <summary>True when there is such a column.</summary>
    public bool Has(string column) => _columns.ContainsKey(column);

    /// <summary>Line of a row in the file.</summary>
    public int LineOf(int row) => _lines[row];

    /// <summary>Text of a field; empty where the column or the value is missing.</summary>
    public string Text(int row, string column) => _columns.TryGetValue(column, out var at) ? _rows[row][at].Trim() : "";

    /// <summary>Number of a field, or null where it is missing or no number.</summary>
    public double? Number(int row, string column) =>
        double.TryParse(Text(row, column), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
}
