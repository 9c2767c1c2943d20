using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ServeSim.Cli.Output;
using ServeSim.CostModels.Hardware;

namespace ServeSim.Cli.Commands;

/// <summary>The accelerators that scenarios can name.</summary>
internal static class GpusCommand
{
    public static Command Create(AppContext app)
    {
        var json = CommonOptions.Json();
        var command = new ExampleCommand("gpus", "List the accelerators by name, with memory, rates and links.",
            "servesim gpus",
            "servesim gpus --json")
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
        var table = new TextTable("gpu", "memory GiB", "memory GB/s", "16-bit TFLOP/s", "FP8 TFLOP/s", "FLOP per byte", "link GB/s", "PCIe", "watts", "title")
            .AlignRight(1, 2, 3, 4, 5, 6, 7, 8);
        foreach (var gpu in AcceleratorCatalog.All)
        {
            table.Add(gpu.Name, Text(gpu.MemoryGib, "0.#"), Text(gpu.MemoryGigabytesPerSecond, "0"), Text(gpu.FlopsPerSecond / 1e12, "0.#"),
                Text(gpu.Teraflops.Fp8, "0.#"), Text(gpu.RidgeFlopsPerByte, "0"), Text(gpu.ScaleUpGigabytesPerSecond, "0"),
                Text(gpu.PcieGeneration, "0"), Text(gpu.BoardWatts, "0"), gpu.Title);
        }

        table.Write(app);
    }

    private static void WriteAll(Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        foreach (var gpu in AcceleratorCatalog.All)
        {
            writer.WriteStartObject();
            writer.WriteString("name", gpu.Name);
            writer.WriteString("title", gpu.Title);
            writer.WriteString("vendor", gpu.Vendor);
            writer.WriteNumber("year", gpu.Year);
            writer.WriteNumber("memory_gib", gpu.MemoryGib);
            writer.WriteNumber("memory_gigabytes_per_second", gpu.MemoryGigabytesPerSecond);
            writer.WriteNumber("flops_per_second", gpu.FlopsPerSecond);
            Optional(writer, "fp8_teraflops", gpu.Teraflops.Fp8);
            writer.WriteString("scale_up_kind", gpu.ScaleUpKind);
            Optional(writer, "scale_up_gigabytes_per_second", gpu.ScaleUpGigabytesPerSecond);
            writer.WriteNumber("scale_up_devices", gpu.ScaleUpDevices);
            writer.WriteNumber("pcie_generation", gpu.PcieGeneration);
            Optional(writer, "board_watts", gpu.BoardWatts);
            writer.WriteString("source", gpu.Source);
            writer.WriteString("confidence", gpu.Confidence);
            writer.WriteString("note", gpu.Note);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Optional(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number) writer.WriteNumber(name, number);
        else writer.WriteNull(name);
    }

    private static string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
