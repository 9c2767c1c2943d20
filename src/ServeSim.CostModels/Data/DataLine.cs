using System.Globalization;

namespace ServeSim.CostModels.Data;

/// <summary>One entry: a name, then flags and key=value fields, separated by semicolons; parts of a value by slashes.</summary>
internal readonly struct DataLine(string line)
{
    private readonly string[] _fields = line.Split(';', StringSplitOptions.TrimEntries);

    public string Name => _fields[0];

    public bool Has(string key) => Find(key) is not null;

    public string Text(string key) => Find(key) ?? throw Bad(key);

    public string? OptionalText(string key) => Find(key);

    public string[] Parts(string key) => Text(key).Split('/');

    public int Int(string key) => Whole(Text(key));

    public int Int(string key, int otherwise) => Find(key) is { } text ? Whole(text) : otherwise;

    public int[] Ints(string key)
    {
        var parts = Parts(key);
        var values = new int[parts.Length];
        for (var i = 0; i < values.Length; i++) values[i] = Whole(parts[i]);
        return values;
    }

    public long? OptionalLong(string key) =>
        Find(key) is { } text ? long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    public double Double(string key) => Number(Text(key));

    public double? OptionalDouble(string key) => Find(key) is { } text ? Number(text) : null;

    public double[] Doubles(string key)
    {
        var parts = Parts(key);
        var values = new double[parts.Length];
        for (var i = 0; i < values.Length; i++) values[i] = Number(parts[i]);
        return values;
    }

    /// <summary>Names of the fields that have a value.</summary>
    public IEnumerable<string> Keys
    {
        get
        {
            for (var i = 1; i < _fields.Length; i++) yield return _fields[i].Split('=')[0];
        }
    }

    public static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    public static int Whole(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    // A flag is a field without a value and found as the empty text.
    private string? Find(string key)
    {
        for (var i = 1; i < _fields.Length; i++)
        {
            var field = _fields[i];
            if (!field.StartsWith(key, StringComparison.Ordinal)) continue;
            if (field.Length == key.Length) return "";
            if (field[key.Length] == '=') return field[(key.Length + 1)..];
        }

        return null;
    }

    private InvalidDataException Bad(string key) => new($"{Name}: the field {key} is missing");
}
