using System.Globalization;
using System.Text;
using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Benchmarks;

/// <summary>
/// <c>scenarios [NAME...] [--rounds N] [--set KEY=VALUE] [--fast-only] [--write-baseline] [--write-results]</c>: whole runs of the files in
/// benchmarks/scenarios, both executors taking turns in one process. What is compared with the stored baseline are ratios
/// measured in one run: fast to plain, and requests in the time of one pass of the reference kernel.
/// </summary>
internal sealed class ScenarioSuite
{
    /// <summary>A ratio may fall by this share before it counts as a loss; shared machines are noisy.</summary>
    private const double Tolerance = 0.35;

    private readonly PolicyCatalog _catalog = PolicyCatalog.Load();
    private readonly List<string> _names = [];
    private readonly List<ScenarioOverride> _changes = [];
    private int _rounds = 3;
    private bool _isFastOnly;
    private bool _writesBaseline;
    private bool _writesResults;

    public static int Run(string[] args)
    {
        try
        {
            var suite = new ScenarioSuite();
            suite.Read(args);
            return suite.Execute();
        }
        catch (InputException bad)
        {
            Console.Error.WriteLine(bad.Message);
            return 2;
        }
    }

    private void Read(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--rounds": _rounds = int.Parse(Value(), CultureInfo.InvariantCulture); break;
                case "--set": _changes.Add(ScenarioOverride.Parse(Value())); break;
                case "--fast-only": _isFastOnly = true; break;
                case "--write-baseline": _writesBaseline = true; break;
                case "--write-results": _writesResults = true; break;
                case var unknown when unknown.StartsWith('-'): throw new InputException($"no option {unknown}");
                case var name: _names.Add(name); break;
            }

            string Value() => ++i < args.Length ? args[i] : throw new InputException($"{args[i - 1]} needs a value");
        }
    }

    private int Execute()
    {
        var folder = Repository.Path("benchmarks", "scenarios");
        var names = _names.Count > 0 ? _names : [.. Directory.GetFiles(folder, "*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];
        var scenarios = names.ConvertAll(name => new ScenarioReader(_catalog).ReadFile(Find(folder, name), _changes).Scenario);
        WarmUp();
        var lines = new List<ScenarioLine>();
        var table = new StringBuilder();
        Print(ScenarioLine.Header);
        for (var i = 0; i < names.Count; i++)
        {
            lines.Add(Measure(names[i], scenarios[i]));
            Print(lines[^1].Row);
        }

        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"peak memory of the process: {Environment.WorkingSet / 1e6:F0} MB now"));
        if (_writesResults) WriteResults(table.ToString());
        var baseline = new Baseline(Repository.Path("benchmarks", "baseline.csv"), Tolerance);
        if (_writesBaseline) baseline.Write(lines);
        var losses = _changes.Count > 0 || _isFastOnly ? [] : baseline.Losses(lines);
        foreach (var loss in losses) Console.WriteLine(loss);
        return losses.Count == 0 ? 0 : 1;

        void Print(string text)
        {
            Console.WriteLine(text);
            table.Append(text).Append('\n');
        }
    }

    private static string Find(string folder, string name)
    {
        string[] places = [Path.Combine(folder, name + ".yaml"), Path.Combine(folder, "large", name + ".yaml"), name];
        return places.FirstOrDefault(File.Exists) ?? throw new InputException($"no scenario {name} in {folder}");
    }

    private void WarmUp()
    {
        var small = new Scenario { Trace = new TraceConfig { Repeat = 3 } };
        foreach (var kind in (EngineKind[])[EngineKind.Plain, EngineKind.Fast])
            for (var i = 0; i < 2; i++) WholeRun.Of(new ScenarioReader(_catalog).ReadDefaults().Scenario with { Trace = small.Trace }, kind, _catalog);
    }

    private ScenarioLine Measure(string name, Scenario scenario)
    {
        WholeRun? plain = null, fast = null;
        var kernel = double.MaxValue;
        for (var round = 0; round < _rounds; round++)
        {
            kernel = Math.Min(kernel, ReferenceKernel.Seconds());
            if (!_isFastOnly) plain = Faster(plain, WholeRun.Of(scenario, EngineKind.Plain, _catalog));
            fast = Faster(fast, WholeRun.Of(scenario, EngineKind.Fast, _catalog));
            if (plain is not null && plain.Bytes != fast.Bytes) throw new InvariantException($"{name}: plain and fast write different rows");
        }

        return new ScenarioLine(name, plain, fast!, kernel);
    }

    private static WholeRun Faster(WholeRun? a, WholeRun b) => a is null || b.CpuSeconds < a.CpuSeconds ? b : a;

    private void WriteResults(string table)
    {
        var cpu = Repository.Processor();
        var file = string.Join('-', cpu.ToLowerInvariant().Split([' ', '(', ')', '@', '/'], StringSplitOptions.RemoveEmptyEntries));
        File.WriteAllText(Repository.Path("benchmarks", "results", file + ".md"), string.Create(CultureInfo.InvariantCulture,
            $"# {cpu}, {Environment.ProcessorCount} processors, .NET {Environment.Version}\n\nMade by `ServeSim.Benchmarks scenarios --write-results`, best of {_rounds} rounds; columns are explained in [../README.md](../README.md).\n\n{table}"));
    }
}
