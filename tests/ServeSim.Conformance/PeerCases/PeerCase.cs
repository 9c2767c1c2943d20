using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Engine;
using ServeSim.Policies.Batching;

namespace ServeSim.Conformance.PeerCases;

/// <summary>One line of <c>cases.jsonl</c>: a trace, the peer's settings, and what the peer did with every request.</summary>
internal sealed record PeerCase(string Name, string Trace, double[] CoefMs, int Blocks, int BlockSize, double MaxBatch, Dictionary<string, string> Config)
{
    private const string Folder = "reference/vidur_linear";

    public static IEnumerable<PeerCase> All() => File.ReadLines(SharedFolder.PathOf($"{Folder}/cases.jsonl"))
        .Where(line => line.Length > 0).Select(Parse);

    public List<RequestSpec> Requests() => Rows(SharedFolder.PathOf($"{Folder}/{Trace}.csv")).Select(cells => new RequestSpec
    {
        Arrival = SimTime.FromSeconds(Number(cells["arrived_at"])),
        InputTokens = (int)Number(cells["num_prefill_tokens"]),
        OutputTokens = (int)Number(cells["num_decode_tokens"]),
    }).ToList();

    public List<Expected> ExpectedResults() => Rows(SharedFolder.PathOf($"{Folder}/{Name}")).Select(cells => new Expected(
        int.Parse(cells["id"], CultureInfo.InvariantCulture), Number(cells["scheduled_at"]), Number(cells["first_token_at"]),
        Number(cells["completed_at"]), (int)Number(cells["restarts"]))).ToList();

    /// <summary>The peer's scheduler as a variant of ours; a setting that we do not know fails the test.</summary>
    public (string Name, IBatchPolicy Policy) Policy(ClusterShape shape)
    {
        var settings = new Settings(Config);
        var type = settings.Type;
        IBatchPolicy policy = type switch
        {
            "vllm" => new VllmPolicy(new VllmOptions(
                settings.Int("batch_size_cap", 128), settings.Int("max_tokens_in_batch", 4096), PromptBudget.Padded, settings.Double("watermark_blocks_fraction", 0.01)), shape),
            "sarathi" => new SarathiPolicy(new SarathiOptions(
                settings.Int("chunk_size", 512), settings.Int("batch_size_cap", 128), settings.Double("watermark_blocks_fraction", 0.01), RunningOrder.LastBatch, PreemptMode.RecomputeProcessed)),
            "orca" => new OrcaPolicy(new OrcaOptions(settings.Int("batch_size_cap", (int)MaxBatch))),
            "lightllm" => new LightLlmPolicy(new LightLlmOptions(
                MaxWaitingIterations: settings.Int("max_waiting_iters", 10), MaxBatchedTokens: settings.Int("max_tokens_in_batch", 4096), MaxSequences: settings.Int("batch_size_cap", 128)), new Truth()),
            _ => throw new NotSupportedException($"{Name}: unknown scheduler {type}"),
        };
        settings.RequireAllUsed(Name, "num_blocks", "block_size");
        return (type, policy);
    }

    private static PeerCase Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        return new(
            root.GetProperty("out").GetString()!,
            root.GetProperty("trace").GetString()!,
            root.GetProperty("coef_ms").EnumerateArray().Select(c => c.GetDouble()).ToArray(),
            root.GetProperty("num_blocks").GetInt32(),
            root.GetProperty("block_size").GetInt32(),
            root.GetProperty("max_batch").GetDouble(),
            root.GetProperty("config").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString()));
    }

    private static IEnumerable<Dictionary<string, string>> Rows(string path)
    {
        using Stream file = File.OpenRead(path);
        using var reader = new StreamReader(path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file);
        var header = reader.ReadLine()!.Split(',');
        while (reader.ReadLine() is { Length: > 0 } line)
            yield return header.Zip(line.Split(',')).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    internal sealed record Expected(int Id, double Scheduled, double FirstToken, double Completed, int Restarts);

    private sealed class Truth : ILengthPredictor
    {
        private readonly TrueLengths _lengths = new();

        public int PredictOutputTokens(in RequestView request) => _lengths.OutputTokens(request);
    }

    private sealed class Settings(Dictionary<string, string> config)
    {
        private readonly HashSet<string> _used = ["replica_scheduler_config_type"];

        public string Type => config["replica_scheduler_config_type"];

        public int Int(string key, int otherwise) => (int)Double(key, otherwise);

        public double Double(string key, double otherwise)
        {
            _used.Add(Full(key));
            return config.TryGetValue(Full(key), out var text) ? Number(text) : otherwise;
        }

        public void RequireAllUsed(string name, params string[] known)
        {
            var unknown = config.Keys.Except(_used).Except(known.Select(Full)).ToList();
            Assert.True(unknown.Count == 0, $"{name}: settings without a counterpart: {string.Join(", ", unknown)}");
        }

        private string Full(string key) => $"{Type}_scheduler_config_{key}";
    }
}
