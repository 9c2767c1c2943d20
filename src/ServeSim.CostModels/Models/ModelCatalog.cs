using System.Text.Json;
using ServeSim.Abstractions;

namespace ServeSim.CostModels.Models;

/// <summary>The models that ServeSim knows by name. Loaded on first use and checked against published parameter totals.</summary>
public static class ModelCatalog
{
    private static readonly Lazy<IReadOnlyList<ModelSpec>> _all = new(Load);

    /// <summary>Every model, in the order of the data file.</summary>
    public static IReadOnlyList<ModelSpec> All => _all.Value;

    /// <summary>A model by its name here or on Hugging Face, case ignored.</summary>
    /// <exception cref="InputException">No model is called that.</exception>
    public static ModelSpec Get(string name)
    {
        foreach (var model in All)
        {
            if (string.Equals(model.Name, name, StringComparison.OrdinalIgnoreCase)
                || string.Equals(model.HuggingFaceName, name, StringComparison.OrdinalIgnoreCase)) return model;
        }

        throw new InputException($"model: unknown model \"{name}\"; {Suggestion.For(name, All.Select(model => model.Name))}");
    }

    /// <summary>Reads a data file and refuses a shape that does not add up to its published total.</summary>
    internal static IReadOnlyList<ModelSpec> Parse(JsonElement root)
    {
        var models = new List<ModelSpec>(root.GetArrayLength());
        foreach (var element in root.EnumerateArray())
        {
            var model = Read(element);
            if (model.PublishedParameters is { } published && published != model.Sizes.Parameters)
                throw new InvalidDataException($"{model.Name}: the shape gives {model.Sizes.Parameters} parameters, published are {published}");
            models.Add(model);
        }

        return models;
    }

    private static IReadOnlyList<ModelSpec> Load()
    {
        using var document = EmbeddedData.Open("models.json");
        return Parse(document.RootElement);
    }

    private static ModelSpec Read(JsonElement e) => new()
    {
        Name = e.Text("name"),
        HuggingFaceName = e.Text("hf"),
        Layers = e.Int("layers"),
        HiddenSize = e.Int("hidden"),
        QueryHeads = e.Int("heads"),
        KvHeads = e.Int("kvHeads"),
        HeadSize = e.Int("headSize"),
        FfnSize = e.Int("ffn"),
        VocabularySize = e.Int("vocab"),
        MaxContextTokens = e.Int("context"),
        GatedMlp = !e.Flag("plainMlp"),
        TiedEmbeddings = e.Flag("tied"),
        QkvBias = e.Flag("qkvBias"),
        OutputBias = e.Flag("outBias"),
        HeadBias = e.Flag("headBias"),
        QueryKeyNorm = e.Flag("qkNorm"),
        AttentionSinks = e.Flag("sinks"),
        LayerNorm = e.Flag("layerNorm"),
        NormsPerLayer = e.Int("norms", 2),
        LatentAttention = e.TryGetProperty("mla", out var mla) ? ReadLatent(mla) : null,
        Experts = e.TryGetProperty("moe", out var moe) ? ReadExperts(moe) : null,
        Window = e.TryGetProperty("window", out var window) ? ReadWindow(window) : null,
        PublishedFormat = e.OptionalText("weights") switch
        {
            null => WeightFormat.Bf16,
            "fp8" => WeightFormat.Fp8,
            "mxfp4" => WeightFormat.Mxfp4,
            var other => throw new InvalidDataException($"unknown weight format {other}"),
        },
        PublishedParameters = e.TryGetProperty("published", out var published) ? published.GetInt64() : null,
        Source = e.Text("source"),
        Confidence = e.Text("confidence"),
        Note = e.OptionalText("note"),
    };

    private static LatentAttentionShape ReadLatent(JsonElement e) =>
        new(e.Int("qRank"), e.Int("kvRank"), e.Int("nope"), e.Int("rope"), e.Int("value"));

    private static ExpertShape ReadExperts(JsonElement e) => new()
    {
        Experts = e.Int("experts"),
        ActivePerToken = e.Int("active"),
        FfnSize = e.Int("ffn"),
        SharedExperts = e.Int("shared", 0),
        SharedFfnSize = e.Int("sharedFfn", 0),
        DenseLayersFirst = e.Int("denseFirst", 0),
        Groups = e.Int("groups", 1),
        GroupsKept = e.Int("groupsKept", 1),
        RouterBias = e.Flag("routerBias"),
        ExpertBias = e.Flag("expertBias"),
    };

    private static AttentionWindow ReadWindow(JsonElement e) => new(
        e.Text("kind") == "chunked" ? WindowKind.Chunked : WindowKind.Sliding, e.Int("tokens"), e.Int("globalEvery"));
}
