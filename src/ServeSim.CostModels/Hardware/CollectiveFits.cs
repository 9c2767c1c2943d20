using ServeSim.CostModels.Data;

namespace ServeSim.CostModels.Hardware;

/// <summary>Measured collectives.</summary>
internal static class CollectiveFits
{
    private static readonly IReadOnlyList<string> _lines = DataFile.Lines("collectives.txt");

    /// <summary>Every measured collective.</summary>
    public static IReadOnlyList<CollectiveFit> All
    {
        get
        {
            var all = new List<CollectiveFit>();
            foreach (var text in _lines)
            {
                var line = new DataLine(text);
                foreach (var key in line.Keys) all.Add(Read(line, key));
            }

            return all;
        }
    }

    /// <summary>The fit for a device, library, operation and number of participants, or null.</summary>
    public static CollectiveFit? Find(string device, string library, string operation, int devices)
    {
        foreach (var text in _lines)
        {
            var line = new DataLine(text);
            var key = $"n{devices}";
            if (line.Name == $"{device} {library} {operation}" && line.Has(key)) return Read(line, key);
        }

        return null;
    }

    private static CollectiveFit Read(in DataLine line, string key)
    {
        var name = line.Name.Split(' ');
        var fit = line.Doubles(key);
        return new(name[0], name[1], name[2], (int)fit[0], fit[1], fit[2]);
    }
}
