using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using ServeSim.Abstractions;

namespace ServeSim.Experiments.Configuration;

/// <summary>One option of a record: a parameter of its primary constructor or a property that can be set.</summary>
public sealed class RecordField
{
    internal RecordField(PropertyInfo property, ParameterInfo? parameter, bool allowsNull, bool hasDefault, object? @default)
    {
        Property = property;
        Parameter = parameter;
        Name = NameStyle.Camel(property.Name);
        AllowsNull = allowsNull;
        HasDefault = hasDefault;
        Default = @default;
    }

    /// <summary>Its key, in camel case.</summary>
    public string Name { get; }

    /// <summary>Its type.</summary>
    public Type Type => Property.PropertyType;

    /// <summary>True if nothing is a value of it.</summary>
    public bool AllowsNull { get; }

    /// <summary>False if it must be given.</summary>
    public bool HasDefault { get; }

    /// <summary>The value when it is not given.</summary>
    public object? Default { get; }

    /// <summary>The kind of value in words, or its alternatives.</summary>
    public string TypeText => (ScalarText.Handles(Type), Nullable.GetUnderlyingType(Type) ?? Type) switch
    {
        (true, var t) when t == typeof(int) || t == typeof(long) || t == typeof(ulong) => "integer",
        (true, var t) when t == typeof(double) => "number",
        (true, var t) when t == typeof(bool) => "boolean",
        (true, var t) when t == typeof(SimDuration) => "duration",
        (true, var t) when t == typeof(string) => "text",
        (true, var t) => ScalarText.Describe(t),
        _ => "group",
    };

    /// <summary>What values its <see cref="RangeAttribute"/> allows in words, or null if any will do.</summary>
    public string? RangeText => Range is not { } range ? null : (Show(range.Minimum), Show(range.Maximum)) switch
    {
        ("more than 0", null) => "more than 0",
        (var least, null) => $"at least {least}",
        (var least, var most) => $"from {least} to {most}",
    };

    /// <summary>The default as a file would show it.</summary>
    public string DefaultText => !HasDefault ? "(required)" : Default is null ? "(none)" : ScalarText.Format(Default);

    internal RangeAttribute? Range => Parameter is not null ? Parameter.GetCustomAttribute<RangeAttribute>() : Property.GetCustomAttribute<RangeAttribute>();
    internal PropertyInfo Property { get; }
    internal ParameterInfo? Parameter { get; }

    private static string? Show(object bound) => bound switch
    {
        int.MaxValue or double.MaxValue => null,
        double.Epsilon => "more than 0",
        _ => string.Create(CultureInfo.InvariantCulture, $"{bound}"),
    };
}

/// <summary>The options of a record type in declared order, and how to make one.</summary>
public sealed class RecordShape
{
    private static readonly ConcurrentDictionary<Type, RecordShape> Known = new();
    private readonly ConstructorInfo _constructor;
    private readonly Type _type;

    private RecordShape(Type type)
    {
        _type = type;
        _constructor = type.GetConstructors()
            .Where(c => c.GetParameters() is not [var only] || only.ParameterType != type)    // not the copy constructor
            .MaxBy(c => c.GetParameters().Length)
            ?? throw new InvalidOperationException($"{type.Name} has no public constructor");
        var nullability = new NullabilityInfoContext();
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance);
        var fields = new List<RecordField>();
        foreach (var parameter in _constructor.GetParameters())
        {
            var property = Array.Find(properties, p => string.Equals(p.Name, parameter.Name, StringComparison.OrdinalIgnoreCase) && p.PropertyType == parameter.ParameterType)
                ?? throw new InvalidOperationException($"{type.Name}: constructor parameter '{parameter.Name}' has no property of the same name and type");
            fields.Add(new RecordField(property, parameter, AllowsNull(nullability, property), parameter.HasDefaultValue,
                parameter.HasDefaultValue ? parameter.DefaultValue ?? ZeroOf(parameter.ParameterType) : null));
        }

        var settable = properties.Where(p => p.SetMethod is { IsPublic: true } && p.GetIndexParameters().Length == 0
            && !fields.Exists(f => f.Property.Name == p.Name)).ToArray();
        var prototype = settable.Length > 0 ? Prototype(fields) : null;
        foreach (var property in settable)
        {
            var required = property.IsDefined(typeof(RequiredMemberAttribute));
            fields.Add(new RecordField(property, null, AllowsNull(nullability, property), !required,
                prototype is null ? null : property.GetValue(prototype)));
        }

        Fields = fields;
    }

    /// <summary>Its options.</summary>
    public IReadOnlyList<RecordField> Fields { get; }

    /// <summary>The shape of a type.</summary>
    public static RecordShape Of(Type type) => Known.GetOrAdd(type, static t => new RecordShape(t));

    /// <summary>True for a record class: those are groups of keys.</summary>
    public static bool IsRecord(Type type) => type.IsClass && type.GetMethod("<Clone>$") is not null;

    /// <summary>True for a record that carries a policy's options: what the engine supplies are no options.</summary>
    internal static bool IsOptions(Type type) => IsRecord(type) && type != typeof(ClusterShape);

    /// <summary>A record with the given values; the others keep their defaults.</summary>
    /// <exception cref="ArgumentException">The record refuses a value.</exception>
    public object Create(IReadOnlyDictionary<RecordField, object?> values)
    {
        var arguments = Fields.Where(f => f.Parameter is not null)
            .Select(f => values.TryGetValue(f, out var v) ? v : f.HasDefault ? f.Default : ZeroOf(f.Type)).ToArray();
        try
        {
            var made = _constructor.Invoke(arguments);
            foreach (var field in Fields)
            {
                if (field.Parameter is null && values.TryGetValue(field, out var value)) field.Property.SetValue(made, value);
            }

            return made;
        }
        catch (TargetInvocationException e) when (e.InnerException is ArgumentException inner)
        {
            throw inner;
        }
    }

    /// <summary>The options of a record as text: <c>name=value</c> in declared order.</summary>
    public string Show(object record) => Fields.Aggregate(new StringBuilder(), (text, f) =>
        text.Append(text.Length > 0 ? " " : "").Append(f.Name).Append('=').Append(ScalarText.Format(f.Property.GetValue(record)))).ToString();

    /// <inheritdoc/>
    public override string ToString() => _type.Name;

    private static bool AllowsNull(NullabilityInfoContext context, PropertyInfo property) => property.PropertyType.IsValueType
        ? Nullable.GetUnderlyingType(property.PropertyType) is not null
        : context.Create(property).WriteState == NullabilityState.Nullable || context.Create(property).ReadState == NullabilityState.Nullable;

    private static object? ZeroOf(Type type) => type.IsValueType ? Activator.CreateInstance(type) : null;

    private object? Prototype(List<RecordField> parameters)
    {
        try
        {
            return _constructor.Invoke([.. parameters.Select(f => f.HasDefault ? f.Default : ZeroOf(f.Type))]);
        }
        catch (TargetInvocationException)
        {
            return null;    // refuses zeros: the defaults of its further properties stay unknown
        }
    }
}
