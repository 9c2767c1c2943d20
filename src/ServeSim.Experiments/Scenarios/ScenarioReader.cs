using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Configuration;
using ServeSim.Reporting.Slo;

namespace ServeSim.Experiments.Scenarios;

/// <summary>A scenario and what its reader should be told, such as options that a flag made pointless.</summary>
/// <param name="Scenario">The scenario, complete with the defaults of the chosen policies.</param>
/// <param name="Notes">Remarks, one sentence each.</param>
public sealed record ScenarioReading(Scenario Scenario, IReadOnlyList<string> Notes);

/// <summary>
/// Reads scenario files (YAML or JSON). Order of precedence: defaults, file, overrides in the order given.
/// All problems of file and overrides are reported at once.
/// </summary>
public sealed class ScenarioReader(PolicyCatalog catalog)
{
    private static readonly string[] RouterKeys = ["name", "signalPeriod"];
    private static readonly string[] ChoiceKeys = ["policy", "router", "predictor"];

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">The file cannot be read, or lists every problem found.</exception>
    public ScenarioReading ReadFile(string path, params IEnumerable<ScenarioOverride> overrides)
    {
        try
        {
            return Read(YamlText.Read(File.ReadAllText(path), path), Path.GetDirectoryName(path), overrides);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Reads a text; relative paths in it stay as they are.</summary>
    /// <exception cref="InputException">Lists every problem found.</exception>
    public ScenarioReading ReadText(string text, string origin, params IEnumerable<ScenarioOverride> overrides) =>
        Read(YamlText.Read(text, origin), null, overrides);

    /// <summary>Keys and values already read, which it may change; relative paths start from <paramref name="folder"/>.</summary>
    /// <exception cref="InputException">Lists every problem found.</exception>
    internal ScenarioReading ReadNode(ConfigMapping root, string? folder) => Read(root, folder, []);

    /// <summary>Defaults and overrides only.</summary>
    /// <exception cref="InputException">Lists every problem found.</exception>
    public ScenarioReading ReadDefaults(params IEnumerable<ScenarioOverride> overrides) =>
        Read(new ConfigMapping(new ConfigPlace("(defaults)")), null, overrides);

    private ScenarioReading Read(ConfigMapping root, string? folder, IEnumerable<ScenarioOverride> overrides)
    {
        var notes = new List<string>();
        var problems = new Problems();
        foreach (var key in ChoiceKeys) ExpandShortForm(root, key);
        foreach (var change in overrides)
        {
            if (change.Path.StartsWith("slo.", StringComparison.Ordinal)) ExpandLimits(root, problems);
            if (change.Path.Length > 0) Apply(root, change, notes);
            else problems.Add(new ConfigPlace(change.Origin), "must be key.path=value, such as policy.tokenBudget=1024");
        }

        var defaults = new Scenario();
        NameIfMissing(root, "policy", defaults.Policy.Name);
        NameIfMissing(root, "router", defaults.Router.Name);

        var binder = new OptionsBinder(problems);
        binder.Use<PolicyChoice>((node, path) => Choose(PolicyKind.Policy, node, path) is { } c ? new PolicyChoice(c.Name, c.Options) : null);
        binder.Use<PredictorChoice>((node, path) => Choose(PolicyKind.Predictor, node, path) is { } c ? new PredictorChoice(c.Name, c.Options) : null);
        binder.Use<RouterChoice>((node, path) => Choose(PolicyKind.Router, node, path, "signalPeriod") is { } c
            ? new RouterChoice(c.Name, c.Options, SignalPeriod(node, path)) : null);
        NamedGroups<SloClassConfig>.AddTo(binder, problems, "chat: { kind: latency, ttft: 2s, tbt: 100ms }", SloClassConfig.CheckName);
        NamedGroups<WorkloadClassConfig>.AddTo(binder, problems, "chat: { input: \"lognormal:900,1200\", output: \"constant:200\" }");
        binder.Use<TenantWeights>((node, path) => ReadWeights(node, path, problems));
        if (root.Find("slo")?.Value is ConfigScalar) ExpandLimits(root, problems);
        var scenario = binder.Bind<Scenario>(root);
        scenario.Validate(problems);
        problems.ThrowIfAny();
        return new ScenarioReading(Rebase(scenario, folder, problems), notes);

        (string Name, object? Options)? Choose(PolicyKind kind, ConfigNode node, string path, params string[] more)
        {
            var mapping = node as ConfigMapping;
            var named = mapping is null ? node : mapping.Find("name")?.Value;
            if (named is not ConfigScalar { IsNull: false } name)
            {
                problems.Add(named?.Place ?? node.Place, $"{path}.name must be the name of a {PolicyCatalog.Word(kind)}, got {named?.Shown ?? "nothing"}");
                return null;
            }

            if (catalog.Find(kind, name.Text) is not { } entry)
            {
                problems.Add(name.Place, $"{path}.name must be the name of a {PolicyCatalog.Word(kind)}, got \"{name.Text}\"; {catalog.Suggest(kind, name.Text)}");
                return null;
            }

            problems.Note($"{path}.name", name.Place);
            mapping ??= new ConfigMapping(node.Place);
            return (entry.Name, binder.Bind(entry.OptionsType ?? typeof(NoOptions), mapping, path, ["name", .. more]) is var o and not NoOptions ? o : null);
        }

        SimDuration SignalPeriod(ConfigNode node, string path)
        {
            if ((node as ConfigMapping)?.Find("signalPeriod") is not { } entry) return SimDuration.Zero;
            var only = new ConfigMapping(node.Place);
            only.Entries.Add(entry);
            return binder.Bind<SignalKeys>(only, path).SignalPeriod;
        }
    }

    /// <summary>Tenants keep their names as written.</summary>
    private static TenantWeights? ReadWeights(ConfigNode node, string path, Problems problems)
    {
        if (node is not ConfigMapping mapping)
        {
            problems.Add(node.Place, $"{path} must be a group of names with weights, such as {{ alice: 2, bob: 1 }}, got {node.Shown}");
            return null;
        }

        var weights = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var entry in mapping.Entries)
        {
            if (entry.Value is not ConfigScalar scalar || !ScalarText.TryParse(typeof(double), scalar.Text, scalar.IsQuoted, out var value, out _) || value is not (double and > 0))
                problems.Add(entry.Value.Place, $"{path}.{entry.Key} must be a weight above 0, got {entry.Value.Shown}");
            else if (!weights.TryAdd(entry.Key, (double)value)) problems.Add(entry.Place, $"{path}.{entry.Key} is given twice");
        }

        return new TenantWeights(weights);
    }

    /// <summary>Options without a name belong to the default.</summary>
    private static void NameIfMissing(ConfigMapping root, string key, string name)
    {
        var place = new ConfigPlace("(default)");
        if (root.Find(key) is null) root.Set(key, new ConfigMapping(place));
        if (root.Find(key)!.Value is ConfigMapping mapping && mapping.Find("name") is null) mapping.Set("name", new ConfigScalar(name, false, place));
    }

    /// <summary><c>policy: sarathi</c> is short for <c>policy: { name: sarathi }</c>.</summary>
    internal static void ExpandShortForm(ConfigMapping root, string key)
    {
        if (root.Find(key)?.Value is ConfigScalar { IsNull: false } name)
        {
            var full = new ConfigMapping(name.Place);
            full.Set("name", name);
            root.Entries[root.Entries.FindIndex(e => e.Name == key)] = root.Find(key)! with { Value = full };
        }
    }

    /// <summary><c>slo: ttft=2s,tbt=100ms</c>, or a preset, is short for the group of limits.</summary>
    private static void ExpandLimits(ConfigMapping root, Problems problems)
    {
        if (root.Find("slo")?.Value is not ConfigScalar { IsNull: false } text) return;
        var full = new ConfigMapping(text.Place);
        problems.Note("slo", text.Place);
        problems.Check("slo", () =>
        {
            foreach (var limit in RecordShape.Of(typeof(SloLimits)).Fields)
            {
                var value = ScalarText.Format(limit.Property.GetValue(SloText.Parse(text.Text)));
                full.Set(limit.Name, new ConfigScalar(value, false, text.Place));
            }
        });
        root.Entries[root.Entries.FindIndex(e => e.Name == "slo")] = root.Find("slo")! with { Value = full };
    }

    private static void Apply(ConfigMapping root, ScenarioOverride change, List<string> notes)
    {
        var steps = change.Path.Split('.');
        var place = new ConfigPlace(change.Origin);
        var group = root;
        foreach (var step in steps.AsSpan(0, steps.Length - 1))
        {
            if (group.Find(NameStyle.Camel(step))?.Value is not ConfigMapping next)
            {
                next = new ConfigMapping(place);
                group.Set(step, next);
            }

            group = next;
        }

        var value = new ConfigScalar(change.Value, false, place);
        var choice = ChoiceKeys.FirstOrDefault(k => change.Path == k || change.Path == $"{k}.name");
        if (choice is null || value.IsNull)
        {
            group.Set(steps[^1], value);
            return;
        }

        // Another name: the file's options belonged to the policy that it replaces.
        if (root.Find(choice)?.Value is not ConfigMapping chosen) root.Set(choice, chosen = new ConfigMapping(place));
        if (chosen.Find("name")?.Value is ConfigScalar old && old.Text != value.Text)
        {
            foreach (var entry in chosen.Entries.Where(e => !RouterKeys.Contains(e.Name)))
                notes.Add($"{entry.Place}: {choice}.{entry.Name} belongs to \"{old.Text}\" and is not used, because {change.Origin} chooses \"{value.Text}\"");
            chosen.Entries.RemoveAll(e => !RouterKeys.Contains(e.Name));
        }

        chosen.Set("name", value);
    }

    /// <summary>A relative path in a file starts from that file.</summary>
    private static Scenario Rebase(Scenario scenario, string? folder, Problems problems)
    {
        if (string.IsNullOrEmpty(folder)) return scenario;
        return scenario with
        {
            Trace = scenario.Trace with { Path = Moved(scenario.Trace.Path, "trace.path") },
            Coefficients = Moved(scenario.Coefficients, "coefficients"),
        };

        string? Moved(string? path, string key) => path is null || Path.IsPathRooted(path) || problems.PlaceOf(key) is not { IsInFile: true }
            ? path
            : Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(folder, path)).Replace('\\', '/');
    }

    private sealed record NoOptions;

    private sealed record SignalKeys(SimDuration SignalPeriod);
}
