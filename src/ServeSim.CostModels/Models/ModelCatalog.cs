using ServeSim.Abstractions;
using ServeSim.CostModels.Data;

namespace ServeSim.CostModels.Models;

/// <summary>The models that ServeSim knows by name. A shape that misses its published parameter total is not loaded.</summary>
public static class ModelCatalog
{
    private static readonly Catalogue<ModelSpec> _models = new("models.txt", Read, Names);

    /// <summary>Every model, in the order of the data file.</summary>
    public static IReadOnlyList<ModelSpec> All => _models.All;

    /// <summary>A model by its name here or on Hugging Face, case ignored; null if none is called that.</summary>
    public static ModelSpec? Find(string name) => _models.Find(name);

    /// <summary>A model by its name here or on Hugging Face, case ignored.</summary>
    /// <exception cref="InputException">No model is called that.</exception>
    public static ModelSpec Get(string name) => _models.Get("model", name);

    /// <summary>Makes a model of a line of the data file.</summary>
    internal static ModelSpec Read(string text)
    {
        var line = new DataLine(text);
        var heads = line.Ints("heads");
        var model = new ModelSpec
        {
            Name = line.Name,
            HuggingFaceName = line.Text("hf"),
            Layers = line.Int("layers"),
            HiddenSize = line.Int("hidden"),
            QueryHeads = heads[0],
            KvHeads = heads[1],
            HeadSize = heads[2],
            FfnSize = line.Int("ffn"),
            VocabularySize = line.Int("vocab"),
            MaxContextTokens = line.Int("context"),
            GatedMlp = !line.Has("plain-mlp"),
            TiedEmbeddings = line.Has("tied"),
            QkvBias = line.Has("qkv-bias"),
            OutputBias = line.Has("out-bias"),
            HeadBias = line.Has("head-bias"),
            QueryKeyNorm = line.Has("qk-norm"),
            AttentionSinks = line.Has("sinks"),
            LayerNorm = line.Has("layer-norm"),
            NormsPerLayer = line.Int("norms", 2),
            LatentAttention = line.Has("mla") ? ReadLatent(line.Ints("mla")) : null,
            Experts = line.Has("experts") ? ReadExperts(line) : null,
            Window = line.Has("window") ? ReadWindow(line.Parts("window")) : null,
            PublishedFormat = line.OptionalText("weights") switch
            {
                null => WeightFormat.Bf16,
                "fp8" => WeightFormat.Fp8,
                "mxfp4" => WeightFormat.Mxfp4,
                var other => throw new InvalidDataException($"{line.Name}: unknown weight format {other}"),
            },
            PublishedParameters = line.OptionalLong("published"),
            Source = line.Text("source"),
            Confidence = line.Text("confidence"),
            Note = line.OptionalText("note"),
        };

        var derived = model.Sizes.Parameters;
        if (model.PublishedParameters is { } published && published != derived)
            throw new InvalidDataException($"{model.Name}: the shape gives {derived} parameters, published are {published}");
        return model;
    }

    private static string[] Names(string line)
    {
        var hf = line.IndexOf("hf=", StringComparison.Ordinal) + 3;
        return [Catalogue<ModelSpec>.FirstName(line), line[hf..line.IndexOf(';', hf)]];
    }

    private static LatentAttentionShape ReadLatent(int[] parts) => new(parts[0], parts[1], parts[2], parts[3], parts[4]);

    private static AttentionWindow ReadWindow(string[] parts) => new(
        parts[0] == "chunked" ? WindowKind.Chunked : WindowKind.Sliding,
        DataLine.Whole(parts[1]),
        DataLine.Whole(parts[2]));

    private static ExpertShape ReadExperts(in DataLine line)
    {
        var routed = line.Ints("experts");
        var shared = line.Has("shared") ? line.Ints("shared") : [0, 0];
        var groups = line.Has("groups") ? line.Ints("groups") : [1, 1];
        return new()
        {
            Experts = routed[0],
            ActivePerToken = routed[1],
            FfnSize = routed[2],
            SharedExperts = shared[0],
            SharedFfnSize = shared[1],
            DenseLayersFirst = line.Int("dense-first", 0),
            Groups = groups[0],
            GroupsKept = groups[1],
            RouterBias = line.Has("router-bias"),
            ExpertBias = line.Has("expert-bias"),
        };
    }
}
