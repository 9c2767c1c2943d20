using System.Text.Json;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;

namespace ServeSim.Tests.CostModels;

/// <summary>Every entry against the reference catalogue, primary and derived values alike.</summary>
public sealed class CatalogueReferenceTests
{
    [SkippableFact]
    public void All_46_models_agree_with_the_reference_in_every_value()
    {
        Skip.If(CostReference.IsAbsent, "SERVESIM_SHARED is not set");
        var reference = CostReference.Read("models.json").GetProperty("models").EnumerateArray().ToDictionary(m => m.GetProperty("id").GetString()!);
        Assert.Equal(46, ModelCatalog.All.Count);
        Assert.Equal(reference.Keys.Order(StringComparer.Ordinal), ModelCatalog.All.Select(m => m.Name).Order(StringComparer.Ordinal));
        var differences = new List<string>();
        foreach (var model in ModelCatalog.All)
        {
            var (r, sizes) = (reference[model.Name], model.Sizes);
            void Same<T>(string what, T expected, T actual)
            {
                if (!Equals(expected, actual)) differences.Add($"{model.Name} {what}: {actual} instead of {expected}");
            }

            void Long(string key, long actual) => Same(key, r.GetProperty(key).GetInt64(), actual);
            void Flag(string key, bool actual) => Same(key, r.GetProperty(key).GetBoolean(), actual);
            void Text(string key, string actual) => Same(key, r.GetProperty(key).GetString(), actual);
            Text("hf_name", model.HuggingFaceName);
            Long("layers", model.Layers);
            Long("hidden", model.HiddenSize);
            Long("heads", model.QueryHeads);
            Long("kv_heads", model.KvHeads);
            Long("head_dim", model.HeadSize);
            Long("ffn", model.FfnSize);
            Long("vocab", model.VocabularySize);
            Long("max_context", model.MaxContextTokens);
            Flag("gated_mlp", model.GatedMlp);
            Flag("tied_embeddings", model.TiedEmbeddings);
            Flag("qkv_bias", model.QkvBias);
            Flag("qk_norm", model.QueryKeyNorm);
            Text("norm", model.LayerNorm ? "layer" : "rms");
            Text("attention", model.LatentAttention is not null ? "mla" : model.KvHeads == model.QueryHeads ? "mha" : "gqa");
            Text("native_weight_dtype", $"{model.PublishedFormat}".ToLowerInvariant());
            Text("confidence", model.Confidence);
            Long("params_total", sizes.Parameters);
            Long("params_active", sizes.ActiveParameters);
            Long("params_per_layer_attention", sizes.AttentionMatrices);
            Long("params_routed_experts", sizes.RoutedExpertParameters);
            Long("weight_bytes_native", sizes.PublishedWeightBytes);
            Long("weight_bytes_bf16", sizes.WeightBytes);
            Long("kv_elements_per_token_per_layer", sizes.KvElementsPerTokenAndLayer);
            Long("kv_bytes_per_token", sizes.KvBytesPerToken);
            Long("kv_bytes_per_token_global_layers", sizes.KvBytesPerTokenGlobalLayers);
            Long("kv_bytes_per_token_windowed_layers", sizes.KvBytesPerTokenWindowedLayers);
            Same("params_published", Number(r, "params_published"), model.PublishedParameters);
            Same("mla", Shape(r.GetProperty("mla"), "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"),
                model.LatentAttention is { } l ? $"{l.QueryRank} {l.KvRank} {l.NopeHeadSize} {l.RopeHeadSize} {l.ValueHeadSize}" : "");
            Same("moe", Shape(r.GetProperty("moe"), "experts", "top_k", "moe_ffn", "shared_experts", "shared_ffn", "first_dense_layers", "n_group", "topk_group"),
                model.Experts is { } e ? $"{e.Experts} {e.ActivePerToken} {e.FfnSize} {e.SharedExperts} {e.SharedFfnSize} {e.DenseLayersFirst} {e.Groups} {e.GroupsKept}" : "");
            Same("windows", Shape(r.GetProperty("windowed_attention"), "kind", "window", "global_layers", "windowed_layers"),
                model.Window is { } w ? $"{w.Kind} {w.Tokens} {model.GlobalLayers} {model.WindowedLayers}".ToLowerInvariant() : "");
            Same("counted windows", model.GlobalLayers, Enumerable.Range(0, model.Layers).Count(layer => model.Window?.IsGlobal(layer) ?? true));
        }

        Assert.Empty(differences);
    }

    [SkippableFact]
    public void All_21_accelerators_agree_with_the_reference_in_every_rate()
    {
        Skip.If(CostReference.IsAbsent, "SERVESIM_SHARED is not set");
        var reference = CostReference.Read("hardware.json").GetProperty("accelerators").EnumerateArray().ToList();
        Assert.Equal(21, reference.Count);
        var known = reference.Select(r => AcceleratorCatalog.Find(r.GetProperty("id").GetString()!)).ToList();
        Assert.DoesNotContain(null, known);
        var differences = new List<string>();
        foreach (var (r, gpu) in reference.Zip(known.OfType<AcceleratorSpec>()))
        {
            var (rates, power, link, pcie) = (r.GetProperty("tflops_dense"), r.GetProperty("power_w"), r.GetProperty("scaleup"), r.GetProperty("pcie"));
            void Same(string what, double? expected, double? actual)
            {
                if (expected != actual) differences.Add($"{gpu.Name} {what}: {actual} instead of {expected}");
            }

            Same("GiB", Real(r, "mem_gib"), gpu.MemoryGib);
            Same("marketed", Real(r, "mem_gb_marketed"), gpu.MarketedMemoryGigabytes);
            Same("bandwidth", Real(r, "mem_gbps"), gpu.MemoryGigabytesPerSecond);
            Same("fp16", Real(rates, "fp16"), gpu.Teraflops.Fp16);
            Same("bf16", Real(rates, "bf16"), gpu.Teraflops.Bf16);
            Same("fp8", Real(rates, "fp8"), gpu.Teraflops.Fp8);
            Same("int8", Real(rates, "int8"), gpu.Teraflops.Int8);
            Same("fp4", Real(rates, "fp4"), gpu.Teraflops.Fp4);
            Same("int4", Real(rates, "int4"), gpu.Teraflops.Int4);
            Same("fp32", Real(rates, "fp32_vector"), gpu.Teraflops.Fp32Vector);
            Same("L2", Real(r, "l2_mb"), gpu.L2Megabytes);
            Same("units", Real(r, "sms"), gpu.ComputeUnits);
            Same("clock", Real(r, "boost_mhz"), gpu.BoostMegahertz);
            Same("link", Real(link, "gbps_per_direction"), gpu.ScaleUpGigabytesPerSecond);
            Same("PCIe", Real(pcie, "gen"), gpu.PcieGeneration);
            Same("PCIe rate", Real(pcie, "gbps_per_direction"), gpu.HostLink.GigabytesPerSecond);
            Same("watts", Real(power, "tdp"), gpu.BoardWatts);
            Same("idle", Real(power, "bare_idle"), gpu.IdleWatts);
            Same("idle with context", Real(power, "idle_with_context"), gpu.IdleWithContextWatts);
            Same("year", Real(r, "year"), gpu.Year);
            Assert.Equal(r.GetProperty("confidence").GetString(), gpu.Confidence);
            Assert.Equal(r.GetProperty("vendor").GetString(), gpu.Vendor);
        }

        Assert.Empty(differences);
    }

    [SkippableFact]
    public void Links_collectives_and_kernel_constants_agree_with_the_reference()
    {
        Skip.If(CostReference.IsAbsent, "SERVESIM_SHARED is not set");
        var reference = CostReference.Read("hardware.json");
        Assert.Equal(
            reference.GetProperty("links").EnumerateArray().Select(l => (l.GetProperty("id").GetString(), Real(l, "alpha_us"),
                Real(l, "gbps_per_direction") ?? Real(l, "gbps_read"), Real(l, "effective_gbps") ?? Real(l, "gbps_per_direction") ?? Real(l, "gbps_read"), Real(l, "gbps_write"))),
            LinkCatalog.All.Select(l => ((string?)l.Name, (double?)l.LatencyMicroseconds, (double?)l.GigabytesPerSecond, (double?)l.EffectiveGigabytesPerSecond, l.WriteGigabytesPerSecond)));

        var collectives = reference.GetProperty("collectives").EnumerateArray().ToList();
        Assert.Equal(collectives.Count, CollectiveFits.All.Count);
        foreach (var c in collectives)
        {
            var library = c.GetProperty("library").GetString() == "nccl" ? "nccl" : "custom";
            var fit = CollectiveFits.Find(c.GetProperty("hardware").GetString()!, library, c.GetProperty("op").GetString()!, c.GetProperty("n").GetInt32());
            Assert.Equal((Real(c, "alpha_us"), Real(c, "busbw_gbps")), (fit?.LatencyMicroseconds, fit?.BusGigabytesPerSecond));
        }

        var fits = reference.GetProperty("fits");
        foreach (var kernel in KernelFits.All.Where(kernel => !kernel.IsDefault))
        {
            var gemm = fits.GetProperty("gemm").GetProperty("bf16").GetProperty(kernel.Device);
            var decode = fits.GetProperty("attention").GetProperty("decode").GetProperty(kernel.Device);
            var prefill = fits.GetProperty("attention").GetProperty("prefill").GetProperty(kernel.Device);
            var experts = fits.GetProperty("moe").GetProperty("balanced").GetProperty(kernel.Device);
            Assert.Equal(new GemmFit(D(gemm, "eb"), D(gemm, "ec"), D(gemm, "t0"), D(gemm, "p")), kernel.Gemm);
            Assert.Equal(new DecodeFit(D(decode, "eb"), D(decode, "t0")), kernel.Decode);
            Assert.Equal(new PrefillFit(D(prefill, "ec"), D(prefill, "t0"), D(prefill, "sh")), kernel.Prefill);
            Assert.Equal(new ExpertFit(D(experts, "eb"), D(experts, "ec"), D(experts, "t0")), kernel.Experts);
        }
    }

    private static double D(JsonElement e, string key) => e.GetProperty(key).GetDouble();

    private static double? Real(JsonElement e, string key) =>
        e.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static long? Number(JsonElement e, string key) => e.GetProperty(key).ValueKind == JsonValueKind.Null ? null : e.GetProperty(key).GetInt64();

    private static string Shape(JsonElement e, params string[] keys) =>
        e.ValueKind == JsonValueKind.Null ? "" : string.Join(' ', keys.Select(key => e.GetProperty(key).ToString()));
}
