using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;

namespace ServeSim.CostModels;

/// <summary>How one instance of a model is spread over devices.</summary>
/// <param name="Tensor">Devices that share every layer (tp).</param>
/// <param name="Pipeline">Stages that hold consecutive layers (pp).</param>
public readonly record struct ParallelLayout(int Tensor, int Pipeline)
{
    /// <summary>One device.</summary>
    public static readonly ParallelLayout Single = new(1, 1);

    /// <summary>Ranks that share the routed experts (ep), each with whole experts; 0 or 1 cuts every expert over the tensor ranks.</summary>
    public int Expert { get; init; }

    /// <summary>Replicas of the attention that share the experts (dp); each has a batch and a KV cache of its own.</summary>
    public int Data { get; init; }

    /// <summary>Ranks that share the routed experts, at least 1.</summary>
    public int ExpertRanks => Math.Max(1, Expert);

    /// <summary>Replicas of the attention, at least 1.</summary>
    public int AttentionReplicas => Math.Max(1, Data);

    /// <summary>Devices of an instance (one attention replica).</summary>
    public int Devices => Tensor * Pipeline;

    /// <summary>Throws when the model or the device cannot be split like this; lists every problem.</summary>
    /// <exception cref="InputException">The layout does not suit.</exception>
    public void Validate(ModelSpec model, AcceleratorSpec gpu)
    {
        var problems = new List<string>();
        if (!CanSplit(model, Tensor))
            problems.Add($"tp: {model.Name} cannot be split over {Tensor} devices; allowed: {string.Join(", ", AllowedTensor(model, gpu))}");
        else if (Tensor > MaxTensor(gpu))
            problems.Add($"tp: {Tensor} devices share no fast link on {gpu.Name}; at most {MaxTensor(gpu)} (use --pp for more)");
        if (Pipeline < 1 || Pipeline > model.Layers)
            problems.Add($"pp: {Pipeline} stages; allowed: 1 to {model.Layers} ({model.Name} has {model.Layers} layers)");
        if (Expert < 0 || Data < 0) problems.Add($"ep and dp: got {Expert} and {Data}; allowed: 1 or more");
        else if (ExpertRanks > 1 || AttentionReplicas > 1)
        {
            if (model.Experts is not { } experts) problems.Add($"ep, dp: {model.Name} has no routed experts; use several instances instead");
            else if (experts.Experts % ExpertRanks != 0) problems.Add($"ep: {experts.Experts} experts of {model.Name} cannot be shared by {ExpertRanks} ranks");
            if (ExpertRanks != Tensor * AttentionReplicas && ExpertRanks > 1)
                problems.Add($"ep: {ExpertRanks} ranks; with tp {Tensor} and dp {AttentionReplicas} it must be {Tensor * AttentionReplicas}");
            else if (ExpertRanks == 1 && AttentionReplicas > 1) problems.Add($"dp: {AttentionReplicas} attention replicas need ep {Tensor * AttentionReplicas}");
        }

        if (problems.Count > 0) throw new InputException(problems);
    }

    /// <summary>Powers of two that <see cref="Validate"/> accepts for tp.</summary>
    public static IEnumerable<int> AllowedTensor(ModelSpec model, AcceleratorSpec gpu)
    {
        for (var tensor = 1; tensor <= MaxTensor(gpu); tensor *= 2)
            if (CanSplit(model, tensor)) yield return tensor;
    }

    /// <summary>Layers of a stage: the first stages take one more where the division leaves a rest.</summary>
    public int LayersOf(int stage, int layers) => (layers / Pipeline) + (stage < layers % Pipeline ? 1 : 0);

    /// <summary>First layer of a stage.</summary>
    public int FirstLayerOf(int stage, int layers) => (stage * (layers / Pipeline)) + Math.Min(stage, layers % Pipeline);

    // Eight devices of a host reach each other at least over PCIe.
    private static int MaxTensor(AcceleratorSpec gpu) => Math.Max(8, gpu.ScaleUpDevices);

    // KV heads either divide evenly or are copied evenly; the latent cache of MLA is always copied.
    private static bool CanSplit(ModelSpec model, int tensor) => tensor >= 1 && model.QueryHeads % tensor == 0
        && (model.LatentAttention is not null || model.KvHeads % tensor == 0 || tensor % model.KvHeads == 0);
}
