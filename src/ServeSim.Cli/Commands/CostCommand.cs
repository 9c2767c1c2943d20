using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Cli.Output;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Cli.Commands;

/// <summary>What one iteration costs, and where its time goes.</summary>
internal static class CostCommand
{
    public static Command Create(AppContext app)
    {
        var defaults = new Scenario();
        var model = new Option<string>("--model") { HelpName = "NAME", Description = "Model.", DefaultValueFactory = _ => defaults.Model };
        var gpu = new Option<string>("--gpu") { HelpName = "NAME", Description = "GPU.", DefaultValueFactory = _ => defaults.Gpu };
        var tensor = new Option<int>("--tp") { HelpName = "N", Description = "GPUs that share every layer.", DefaultValueFactory = _ => 1 };
        var pipeline = new Option<int>("--pp") { HelpName = "N", Description = "Pipeline stages.", DefaultValueFactory = _ => 1 };
        var spec = new Option<string>("--cost") { HelpName = "SPEC", Description = "Cost model.", DefaultValueFactory = _ => defaults.Cost };
        var prefill = new Option<string[]>("--prefill") { HelpName = "[COUNTx]TOKENS[@CACHED]", Description = "Prefill chunks, each of so many tokens after so many cached ones; may be given several times." };
        var decode = new Option<string[]>("--decode") { HelpName = "COUNTxCONTEXT", Description = "Decodes, each with so many cached tokens; may be given several times." };
        var expert = new Option<int>("--ep") { HelpName = "N", Description = "GPUs that share the routed experts.", DefaultValueFactory = _ => 1 };
        var data = new Option<int>("--dp") { HelpName = "N", Description = "Attention replicas that share the experts.", DefaultValueFactory = _ => 1 };
        var precision = new Option<string>("--precision") { HelpName = "NAME", Description = "Number formats: bf16, fp8, fp8-block, int8, int4, mxfp4, nvfp4, w4a8kv4 or w4axkv4; +kv-fp8, +kv-int8 or +kv-int4 for the cache.", DefaultValueFactory = _ => "bf16" };
        var coefficients = CostPredictCommand.Coefficients();
        var overlay = CostPredictCommand.Overlay();
        var json = CommonOptions.Json();
        model.CompletionSources.Add(_ => ModelCatalog.All.Select(m => m.Name));
        gpu.CompletionSources.Add(_ => AcceleratorCatalog.All.Select(g => g.Name));
        var command = new ExampleCommand("cost", "Time one iteration and show where the time goes.",
            "servesim cost --decode 32x1024",
            "servesim cost --model llama-3.1-70b --gpu h100-sxm --tp 4 --prefill 512@1536 --decode 64x2000",
            "servesim cost --cost linear:5,0.02,0.1,0.0001,0 --prefill 2048")
        {
            model, gpu, tensor, pipeline, expert, data, spec, precision, coefficients, overlay, prefill, decode, json,
            CostPredictCommand.Create(app), CostValidateCommand.Create(app), CostAccuracyCommand.Create(app),
        };
        command.SetAction(parsed =>
        {
            var batch = new BatchText(parsed.GetValue(prefill) ?? [], parsed.GetValue(decode) ?? []);
            var cost = CostModelFactory.Create(parsed.GetRequiredValue(spec), ModelCatalog.Get(parsed.GetRequiredValue(model)),
                AcceleratorCatalog.Get(parsed.GetRequiredValue(gpu)), new ParallelLayout(parsed.GetValue(tensor), parsed.GetValue(pipeline)) { Expert = parsed.GetValue(expert), Data = parsed.GetValue(data) },
                CostOptions.Default with
                {
                    Precision = PrecisionProfile.For(parsed.GetRequiredValue(precision), ModelCatalog.Get(parsed.GetRequiredValue(model))),
                    Coefficients = parsed.GetValue(coefficients) is { } file ? CostPredictCommand.Load(file) : null,
                    Overlay = parsed.GetValue(overlay),
                });
            var breakdown = cost.Explain(batch.Shape);
            if (parsed.GetValue(json)) JsonText.Write(app.Output, writer => WriteJson(writer, cost.Info, batch, breakdown));
            else WriteTable(app, cost.Info, batch, breakdown);
            return ExitCode.Fine;
        });
        return command;
    }

    private static void WriteTable(AppContext app, CostModelInfo info, BatchText batch, CostBreakdown breakdown)
    {
        var shape = batch.Shape;
        var table = new TextTable("operator", "count", "GFLOP", "MB", "us", "share", "bound by").AlignRight(1, 2, 3, 4, 5);
        foreach (var row in breakdown.Rows)
        {
            table.Add(row.Operator, Text(row.Count, "0"), Text(row.Flops / 1e9, "0.###"), Text(row.MemoryBytes / 1e6, "0.##"), Text(row.Microseconds, "0.00"),
                breakdown.Microseconds > 0 ? Text(100 * row.Microseconds / breakdown.Microseconds, "0.0") + "%" : "", row.Bound.ToString().ToLowerInvariant());
        }

        table.Write(app);
        app.Output.Write(string.Create(CultureInfo.InvariantCulture,
            $"iteration: {breakdown.Total.Milliseconds:0.######} ms for {shape.PrefillTokens} prompt tokens in {shape.PrefillSequences} chunks and {shape.DecodeSequences} decodes\n"));
        app.Output.Write($"cost model: {info.Name}\nsource: {info.Source}\nknown error: {info.KnownError}\n");
        foreach (var warning in info.Warnings) app.Log.Warning("{Warning:l}", warning);
    }

    private static void WriteJson(Utf8JsonWriter writer, CostModelInfo info, BatchText batch, CostBreakdown breakdown)
    {
        var shape = batch.Shape;
        writer.WriteStartObject();
        writer.WriteNumber("total_ns", breakdown.Total.Nanoseconds);
        writer.WriteNumber("prefill_tokens", shape.PrefillTokens);
        writer.WriteNumber("prefill_sequences", shape.PrefillSequences);
        writer.WriteNumber("decode_sequences", shape.DecodeSequences);
        writer.WriteNumber("decode_context_tokens", shape.DecodeContextTokens);
        writer.WriteStartArray("operators");
        foreach (var row in breakdown.Rows)
        {
            writer.WriteStartObject();
            writer.WriteString("operator", row.Operator);
            writer.WriteNumber("count", row.Count);
            writer.WriteNumber("flops", row.Flops);
            writer.WriteNumber("memory_bytes", row.MemoryBytes);
            writer.WriteNumber("microseconds", row.Microseconds);
            writer.WriteString("bound_by", row.Bound.ToString().ToLowerInvariant());
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("cost_model", info.Name);
        writer.WriteString("source", info.Source);
        writer.WriteString("known_error", info.KnownError);
        writer.WriteStartArray("warnings");
        foreach (var warning in info.Warnings) writer.WriteStringValue(warning);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
