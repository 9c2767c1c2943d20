using System.Reflection;
using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Experiments.Composition;

/// <summary>Every registered policy, router and predictor: found by attribute, made by constructor.</summary>
public sealed class PolicyCatalog
{
    private readonly List<PolicyEntry> _entries = [];

    /// <summary>The catalog of some assemblies and single classes.</summary>
    /// <exception cref="InputException">
    /// Two classes share a name, a marked class implements none of the interfaces or cannot be made, a single class is not
    /// marked, or an assembly has none that is.
    /// </exception>
    public PolicyCatalog(IEnumerable<Assembly> assemblies, params IEnumerable<Type> types)
    {
        var problems = new List<string>();
        var marked = assemblies.Distinct().ToDictionary(a => a, a => TypesOf(a, problems).Where(IsMarked).ToList());
        foreach (var (assembly, found) in marked.Where(m => m.Value.Count == 0))
            problems.Add($"{assembly.GetName().Name} has no class marked with [Policy(\"name\", \"one sentence\")]");
        foreach (var type in types.Where(t => !IsMarked(t)))
            problems.Add($"{type.FullName} is to be registered but is not a class marked with [Policy(\"name\", \"one sentence\")]");
        foreach (var type in marked.Values.SelectMany(m => m).Concat(types.Where(IsMarked)).Distinct()) Add(type, problems);
        if (problems.Count > 0) throw new InputException(problems);
        _entries.Sort((a, b) => a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : string.CompareOrdinal(a.Name, b.Name));
    }

    /// <summary>All entries by kind and name.</summary>
    public IReadOnlyList<PolicyEntry> Entries => _entries;

    /// <summary>The policies that come with the program, and further classes and assemblies.</summary>
    public static PolicyCatalog Load(IEnumerable<Assembly>? plugins = null, params IEnumerable<Type> types) =>
        new([Assembly.Load("ServeSim.Policies"), .. plugins ?? []], types);

    /// <summary>The kind in a sentence.</summary>
    public static string Word(PolicyKind kind) => kind switch
    {
        PolicyKind.Policy => "policy",
        PolicyKind.Router => "router",
        _ => "predictor",
    };

    /// <summary>The entry of that name, or null.</summary>
    public PolicyEntry? Find(PolicyKind kind, string name) => _entries.Find(e => e.Kind == kind && e.Name == name);

    /// <summary>The entry of that name.</summary>
    /// <exception cref="InputException">There is none; says what comes near.</exception>
    public PolicyEntry Get(PolicyKind kind, string name) => Find(kind, name)
        ?? throw new InputException($"there is no {Word(kind)} \"{name}\"; {Suggest(kind, name)}");

    /// <summary>All names of a kind.</summary>
    public IEnumerable<string> Names(PolicyKind kind) => _entries.Where(e => e.Kind == kind).Select(e => e.Name);

    /// <summary>"Did you mean", or the known names and how to get others.</summary>
    public string Suggest(PolicyKind kind, string name) =>
        !Names(kind).Any() ? $"no {Word(kind)} is registered"
        : Suggestion.For(name, Names(kind)) is var clause && clause.EndsWith('?') ? clause : $"{clause}; --plugin FILE brings others";

    /// <summary>A batching policy for one instance.</summary>
    public IBatchPolicy CreatePolicy(PolicyChoice choice, int instance, PolicyContext context) =>
        (IBatchPolicy)Create(Get(PolicyKind.Policy, choice.Name), choice.Options, $"policy/{instance}", context);

    /// <summary>The router of a run.</summary>
    public IRouterPolicy CreateRouter(RouterChoice choice, PolicyContext context) =>
        (IRouterPolicy)Create(Get(PolicyKind.Router, choice.Name), choice.Options, "router", context);

    /// <summary>The length predictor of a run.</summary>
    public ILengthPredictor CreatePredictor(PredictorChoice choice, PolicyContext context) =>
        (ILengthPredictor)Create(Get(PolicyKind.Predictor, choice.Name), choice.Options, "predictor", context);

    /// <summary>True if anything chosen looks at true output lengths; every report of the run says so.</summary>
    public bool UsesOracle(Scenario scenario) => Get(PolicyKind.Policy, scenario.Policy.Name).UsesOracle
        || Get(PolicyKind.Router, scenario.Router.Name).UsesOracle
        || (scenario.Predictor is { } predictor && Get(PolicyKind.Predictor, predictor.Name).UsesOracle);

    private static object Create(PolicyEntry entry, object? options, string stream, PolicyContext context)
    {
        var who = $"{Word(entry.Kind)} \"{entry.Name}\"";
        var arguments = entry.Parameters.Select(type =>
            RecordShape.IsOptions(type) ? options ?? RecordShape.Of(type).Create(new Dictionary<RecordField, object?>())
            : type == typeof(RandomStream) ? new RandomStream(context.Seed, stream)
            : type == typeof(ClusterShape) ? context.Shape
            : type == typeof(ICostModel) ? context.Shape.Cost
            : type == typeof(TenantWeights) ? context.Tenants ?? TenantWeights.Equal
            : type == typeof(ILengthPredictor) ? context.Predictor
                ?? throw new InputException($"{who} needs a length predictor; choose one with predictor.name")
            : type == typeof(IOracle) ? Oracle(entry, who, context)
            : throw new InputException($"{who} cannot be made: its constructor asks for {type.Name}, which nothing supplies; allowed are "
                + "an options record, RandomStream, ILengthPredictor, IOracle, ClusterShape, ICostModel and TenantWeights")).ToArray();
        try
        {
            return Activator.CreateInstance(entry.Type, arguments)!;
        }
        catch (TargetInvocationException e) when (e.InnerException is ArgumentException inner)
        {
            throw new InputException($"{who}: {inner.Message}");
        }
        catch (TargetInvocationException e) when (e.InnerException is { } cause and not InputException)
        {
            throw new PolicyFault(entry.Name, -1, SimTime.Zero, null, $"the constructor threw {cause.GetType().Name}: {cause.Message}", cause);
        }
    }

    private static bool IsMarked(Type type) => !type.IsAbstract && type.IsDefined(typeof(PolicyAttribute));

    private static Type[] TypesOf(Assembly assembly, List<string> problems)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            problems.Add($"{assembly.GetName().Name} cannot be used: {e.LoaderExceptions.FirstOrDefault()?.Message ?? e.Message}; was it built against this version of ServeSim?");
            return [];
        }
    }

    private static IOracle Oracle(PolicyEntry entry, string who, PolicyContext context) =>
        !entry.UsesOracle ? throw new InputException($"{who} asks for the true output lengths but is not marked [Policy(…, UsesOracle = true)]")
        : context.Oracle ?? throw new InputException($"{who} needs the true output lengths, which this run does not give");

    private void Add(Type type, List<string> problems)
    {
        var attribute = type.GetCustomAttribute<PolicyAttribute>()!;
        if (string.IsNullOrWhiteSpace(attribute.Name)) problems.Add($"{type.FullName} is registered under an empty name");
        if (type.GetConstructors().Length == 0) problems.Add($"{type.FullName} has no public constructor");
        PolicyKind[] kinds = [
            .. typeof(IBatchPolicy).IsAssignableFrom(type) ? [PolicyKind.Policy] : Array.Empty<PolicyKind>(),
            .. typeof(IRouterPolicy).IsAssignableFrom(type) ? [PolicyKind.Router] : Array.Empty<PolicyKind>(),
            .. typeof(ILengthPredictor).IsAssignableFrom(type) ? [PolicyKind.Predictor] : Array.Empty<PolicyKind>()];
        if (kinds.Length == 0)
            problems.Add($"{type.FullName} is marked as \"{attribute.Name}\" but implements none of IBatchPolicy, IRouterPolicy and ILengthPredictor");
        foreach (var kind in kinds)
        {
            if (Find(kind, attribute.Name) is { } other)
                problems.Add($"the {Word(kind)} name \"{attribute.Name}\" is taken twice: {other.Type.FullName} and {type.FullName}");
            else _entries.Add(new PolicyEntry(kind, attribute, type));
        }
    }
}
