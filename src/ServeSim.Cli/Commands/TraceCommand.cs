using System.CommandLine;
using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Workloads;

namespace ServeSim.Cli.Commands;

/// <summary>Work on trace files.</summary>
internal static class TraceCommand
{
    private static readonly string[] Layouts = [.. Enum.GetNames<TraceWriteFormat>().Select(n => n.ToLowerInvariant())];

    public static Command Create(AppContext app) => new ExampleCommand("trace", "Describe, convert and cut trace files.",
        "servesim trace info trace.csv",
        "servesim trace convert BurstGPT_1.csv --to jsonl --out burst.jsonl.gz",
        "servesim trace slice trace.csv --window 600..1200 --out part.csv")
    {
        TraceInfoCommand.Create(app),
        CreateWriting(app, "convert", "Write a trace in another layout.", isSlice: false,
            "servesim trace convert AzureLLMInferenceTrace_code.csv --out code.jsonl",
            "servesim trace convert trace.jsonl --to vidur --out -"),
        CreateWriting(app, "slice", "Cut, thin, scale or repeat a trace.", isSlice: true,
            "servesim trace slice trace.csv --window 600..1200 --out part.csv",
            "servesim trace slice lengths.csv --arrivals poisson:4 --limit 5000 --out poisson.jsonl"),
    };

    private static ExampleCommand CreateWriting(AppContext app, string name, string description, bool isSlice, params string[] examples)
    {
        var flags = new TraceFlags(isSlice);
        var to = new Option<string?>("--to") { HelpName = string.Join('|', Layouts), Description = "Layout to write; by default from the name of the file, else jsonl." };
        to.AcceptOnlyFromAmong(Layouts);
        var output = new Option<string>("--out") { HelpName = "FILE", Description = "File to write (.gz is compressed); - for standard output.", DefaultValueFactory = _ => "-" };
        var command = new ExampleCommand(name, description, examples);
        flags.AddTo(command);
        command.Add(to);
        command.Add(output);
        command.SetAction(parsed =>
        {
            if (isSlice && !flags.IsAnyGiven(parsed)) throw new InputException("nothing to do; give --window, --limit, --sample, --rate-scale or another change, or use servesim trace convert");
            using var trace = flags.Open(parsed);
            var path = parsed.GetRequiredValue(output);
            var layout = parsed.GetValue(to) is { } given ? Enum.Parse<TraceWriteFormat>(given, ignoreCase: true) : LayoutOf(path);
            var options = new TraceWriteOptions { BlockSize = trace.BlockSize };
            using var writer = path == "-" ? TraceWriter.To(Console.OpenStandardOutput(), layout, options) : TraceWriter.Create(path, layout, options);
            while (trace.TryRead(out var record))
            {
                app.Cancellation.ThrowIfCancellationRequested();
                writer.Write(record);
            }

            writer.Complete();
            Report(app, trace, writer.Count);
            return ExitCode.Fine;
        });
        return command;
    }

    internal static void Report(AppContext app, TracePipeline trace, long? written)
    {
        foreach (var warning in trace.Warnings) app.Log.Warning("{Warning:l}", warning);
        foreach (var (reason, count) in trace.Counts.Dropped) app.Log.Warning("{Text:l}", string.Create(CultureInfo.InvariantCulture, $"{count} records left out: {reason}"));
        foreach (var (reason, count) in trace.Counts.Changed) app.Log.Warning("{Text:l}", string.Create(CultureInfo.InvariantCulture, $"{count} records changed: {reason}"));
        if (written is { } records) app.Log.Information("{Text:l}", string.Create(CultureInfo.InvariantCulture, $"{records} of {trace.Counts.Read} records written"));
    }

    private static TraceWriteFormat LayoutOf(string path)
    {
        var name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return name.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? TraceWriteFormat.Csv : TraceWriteFormat.Jsonl;
    }
}
