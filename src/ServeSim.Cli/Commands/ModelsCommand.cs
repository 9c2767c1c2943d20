using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ServeSim.Cli.Output;
using ServeSim.CostModels.Models;

namespace ServeSim.Cli.Commands;

/// <summary>The models that scenarios can name.</summary>
internal static class ModelsCommand
{
    private const double Gib = 1024.0 * 1024 * 1024;

    public static Command Create(AppContext app)
    {
        var json = CommonOptions.Json();
        var command = new ExampleCommand("models", "List the models by name, with parameters, weights and KV per token.",
            "servesim models",
            "servesim models --json")
        {
            json,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json)) JsonText.Write(app.Output, WriteAll);
            else WriteTable(app);
            return ExitCode.Fine;
        });
        return command;
    }

    private static void WriteTable(AppContext app)
    {
        var table = new TextTable("model", "parameters", "active", "weights GiB", "KV KiB/token", "layers", "context", "published in").AlignRight(1, 2, 3, 4, 5, 6);
        foreach (var model in ModelCatalog.All)
        {
            var sizes = model.Sizes;
            table.Add(model.Name, Billions(sizes.Parameters), model.Experts is null ? "" : Billions(sizes.ActiveParameters),
                Text(sizes.WeightBytes / Gib, "0.0"), Text(sizes.KvBytesPerToken / 1024.0, "0.#"), Text(model.Layers, "0"),
                Text(model.MaxContextTokens, "N0"), model.PublishedFormat.ToString().ToUpperInvariant());
        }

        table.Write(app);
        app.Log.Information("weights and KV are for BF16, whatever the checkpoint is published in");
    }

    private static void WriteAll(Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        foreach (var model in ModelCatalog.All)
        {
            writer.WriteStartObject();
            writer.WriteString("name", model.Name);
            writer.WriteString("hugging_face_name", model.HuggingFaceName);
            writer.WriteNumber("parameters", model.Sizes.Parameters);
            writer.WriteNumber("active_parameters", model.Sizes.ActiveParameters);
            writer.WriteNumber("weight_bytes", model.Sizes.WeightBytes);
            writer.WriteNumber("kv_bytes_per_token", model.Sizes.KvBytesPerToken);
            writer.WriteNumber("layers", model.Layers);
            writer.WriteNumber("hidden_size", model.HiddenSize);
            writer.WriteNumber("query_heads", model.QueryHeads);
            writer.WriteNumber("kv_heads", model.KvHeads);
            writer.WriteNumber("max_context_tokens", model.MaxContextTokens);
            writer.WriteString("published_format", model.PublishedFormat.ToString().ToUpperInvariant());
            writer.WriteString("source", model.Source);
            writer.WriteString("confidence", model.Confidence);
            writer.WriteString("note", model.Note);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string Billions(long parameters) => Text(parameters / 1e9, "0.00 B");

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
