using System.Globalization;
using ServeSim.Abstractions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ServeSim.Experiments.Configuration;

/// <summary>
/// YAML text (or JSON, which is YAML too) to nodes with places. It works on parser events because the library's own
/// tree stops at the first duplicate key, and we want to report all of them.
/// </summary>
internal static class YamlText
{
    private const int MaxDepth = 16;

    /// <summary>The one mapping of a document; an empty document is an empty mapping.</summary>
    /// <exception cref="InputException">It is not YAML, or not a mapping.</exception>
    public static ConfigMapping Read(string text, string origin)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _)) return new ConfigMapping(new ConfigPlace(origin, 1, 1));
            parser.Consume<DocumentStart>();
            var root = ReadNode(parser, origin, 0);
            parser.Consume<DocumentEnd>();
            if (parser.Accept<DocumentStart>(out var second))
                throw new InputException($"{Place(origin, second.Start)}: a file must hold one document, got a second one");
            return root switch
            {
                ConfigMapping mapping => mapping,
                ConfigScalar { IsNull: true } => new ConfigMapping(root.Place),
                _ => throw new InputException($"{root.Place}: the file must hold keys and values, got {root.Shown}"),
            };
        }
        catch (YamlException e)
        {
            throw new InputException($"{Place(origin, e.Start)}: not YAML: {Reason(e.Message)}");
        }
    }

    private static ConfigNode ReadNode(Parser parser, string origin, int depth)
    {
        if (parser.Accept<AnchorAlias>(out var alias)) throw Unsupported(Place(origin, alias.Start));
        var node = parser.Consume<NodeEvent>();
        var place = Place(origin, node.Start);
        if (depth > MaxDepth) throw new InputException($"{place}: keys must not be nested deeper than {MaxDepth} levels");
        if (!node.Anchor.IsEmpty) throw Unsupported(place);
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific) throw new InputException($"{place}: tags such as {node.Tag} are not supported; quote a text instead");
        switch (node)
        {
            case Scalar scalar:
                return new ConfigScalar(scalar.Value, scalar.Style != ScalarStyle.Plain, place);
            case SequenceStart:
                var sequence = new ConfigSequence(place);
                while (!parser.TryConsume<SequenceEnd>(out _)) sequence.Items.Add(ReadNode(parser, origin, depth + 1));
                return sequence;
            default:
                var mapping = new ConfigMapping(place);
                while (!parser.TryConsume<MappingEnd>(out _))
                {
                    if (ReadNode(parser, origin, depth + 1) is not ConfigScalar key)
                        throw new InputException($"{place}: keys must be names");
                    mapping.Entries.Add(new ConfigEntry(key.Text, key.Place, ReadNode(parser, origin, depth + 1)));
                }

                return mapping;
        }
    }

    private static InputException Unsupported(ConfigPlace place) => new($"{place}: anchors and aliases are not supported; write the value out");

    private static ConfigPlace Place(string origin, Mark mark) => new(origin,
        int.CreateSaturating(mark.Line), int.CreateSaturating(mark.Column));

    private static string Reason(string message) =>
        string.IsNullOrWhiteSpace(message) ? "unreadable" : string.Create(CultureInfo.InvariantCulture, $"{char.ToLowerInvariant(message[0])}{message.AsSpan(1).TrimEnd('.')}");
}
