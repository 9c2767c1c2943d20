using System.Globalization;
using System.IO.Compression;
using ServeSim.Abstractions;

namespace ServeSim.Experiments.Validation;

/// <summary>A small CSV file by column names, gzip or plain; fields hold no quotes.</summary>
internal sealed class CsvColumns
{
    private readonly string _file;
    private readonly List<string> _header;
    private readonly List<string[]> _rows = [];

    private CsvColumns(string file, string header)
    {
        _file = file;
        _header = [.. header.Split(',').Select(name => name.Trim())];
    }

    public int Count => _rows.Count;

    public IReadOnlyList<string> Names => _header;

    /// <summary>Reads all rows; every row must have as many fields as the header.</summary>
    /// <exception cref="InputException">It cannot be read, or a row has another number of fields.</exception>
    public static CsvColumns Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            using var reader = new StreamReader(path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file);
            var table = new CsvColumns(path, reader.ReadLine() ?? throw new InputException($"{path}: the file is empty; a header line is needed"));
            while (reader.ReadLine() is { } line)
            {
                if (line.Length == 0) continue;
                var fields = line.Split(',');
                if (fields.Length != table._header.Count)
                    throw new InputException($"{path}({table.Count + 2}): {fields.Length} fields, the header has {table._header.Count}");
                table._rows.Add(fields);
            }

            return table;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Names every column that is missing.</summary>
    public void Require(params ReadOnlySpan<string> names)
    {
        var missing = new List<string>();
        foreach (var name in names)
        {
            if (!_header.Contains(name)) missing.Add(name);
        }

        if (missing.Count > 0) throw new InputException($"{_file}: the columns {string.Join(", ", missing)} are missing; it has {string.Join(", ", _header)}");
    }

    public string Text(int row, string name) => _rows[row][_header.IndexOf(name)].Trim();

    public double Number(int row, string name) =>
        double.TryParse(Text(row, name), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value >= 0
            ? value
            : throw new InputException($"{_file}({row + 2}): {name} is \"{Text(row, name)}\"; a number from 0 up is needed");

    public int Whole(int row, string name) => Number(row, name) is var value && value == Math.Floor(value) && value <= int.MaxValue
        ? (int)value
        : throw new InputException($"{_file}({row + 2}): {name} is \"{Text(row, name)}\"; a whole number is needed");

    /// <summary>A count that may be blank or 0 for "not used".</summary>
    public int CountOrOne(int row, string name) => Text(row, name).Length == 0 ? 1 : Math.Max(1, Whole(row, name));
}
