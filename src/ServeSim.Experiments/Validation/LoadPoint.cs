using ServeSim.Abstractions;

namespace ServeSim.Experiments.Validation;

/// <summary>Mean latencies of an engine at fixed lengths and a fixed number of clients.</summary>
public sealed record LoadPoint
{
    public required string Id { get; init; }
    public required string Engine { get; init; }
    public required string Model { get; init; }
    public required string Gpu { get; init; }

    /// <summary>Format of weights and arithmetic; blank is the model's own, BF16.</summary>
    public required string Precision { get; init; }

    /// <summary>Format of the multiplications, such as fp8 or fp8_block; may be blank.</summary>
    public string GemmFormat { get; init; } = "";

    /// <summary>agg for one kind of instance, disagg for separate prefill and decode.</summary>
    public required string Mode { get; init; }
    public required int InputTokens { get; init; }
    public required int OutputTokens { get; init; }
    public required double Clients { get; init; }
    public required int Tensor { get; init; }
    public required int Pipeline { get; init; }
    public required int AttentionReplicas { get; init; }
    public required int ExpertTensor { get; init; }
    public required int ExpertParallel { get; init; }
    public required double TtftMilliseconds { get; init; }
    public required double TpotMilliseconds { get; init; }

    /// <summary>Reads a table of load points, gzip or plain.</summary>
    /// <exception cref="InputException">It cannot be read, or lacks columns.</exception>
    public static IReadOnlyList<LoadPoint> ReadAll(string path)
    {
        var table = CsvColumns.Read(path);
        table.Require("id", "engine", "model", "gpu", "precision", "mode", "isl", "osl", "concurrency", "gemm_quant_mode",
            "tp_size", "pp_size", "attention_dp_size", "moe_tp_size", "moe_ep_size", "ttft_ms", "tpot_ms");
        return [.. Enumerable.Range(0, table.Count).Select(row => new LoadPoint
        {
            Id = table.Text(row, "id"),
            Engine = table.Text(row, "engine"),
            Model = table.Text(row, "model"),
            Gpu = table.Text(row, "gpu"),
            Precision = table.Text(row, "precision") is { Length: > 0 } p ? p : table.Text(row, "gemm_quant_mode"),
            GemmFormat = table.Text(row, "gemm_quant_mode"),
            Mode = table.Text(row, "mode"),
            InputTokens = table.Whole(row, "isl"),
            OutputTokens = table.Whole(row, "osl"),
            Clients = table.Number(row, "concurrency"),
            Tensor = table.CountOrOne(row, "tp_size"),
            Pipeline = table.CountOrOne(row, "pp_size"),
            AttentionReplicas = table.CountOrOne(row, "attention_dp_size"),
            ExpertTensor = table.CountOrOne(row, "moe_tp_size"),
            ExpertParallel = table.CountOrOne(row, "moe_ep_size"),
            TtftMilliseconds = table.Number(row, "ttft_ms"),
            TpotMilliseconds = table.Number(row, "tpot_ms"),
        })];
    }

    /// <summary>True for a file whose first line has the columns of load points.</summary>
    public static bool IsTable(string path) => CsvColumns.Read(path).Names is var names && names.Contains("concurrency") && names.Contains("isl");
}
