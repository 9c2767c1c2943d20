using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ServeSim.Cli.Output;
using ServeSim.Workloads;
using ServeSim.Workloads.Statistics;

namespace ServeSim.Cli.Commands;

/// <summary>What is in a trace.</summary>
internal static class TraceInfoCommand
{
    public static Command Create(AppContext app)
    {
        var flags = new TraceFlags(transforms: true);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("info", "Describe a trace: requests, rate, burstiness, lengths.",
            "servesim trace info trace.csv",
            "servesim trace info trace.jsonl.gz --window 0..3600 --json");
        flags.AddTo(command);
        command.Add(json);
        command.SetAction(parsed =>
        {
            using var trace = flags.Open(parsed);
            var statistics = new TraceStatistics();
            while (trace.TryRead(out var record))
            {
                app.Cancellation.ThrowIfCancellationRequested();
                statistics.Add(record);
            }

            if (parsed.GetValue(json)) JsonText.Write(app.Output, writer => WriteJson(writer, trace, statistics));
            else WriteText(app, trace, statistics);
            TraceCommand.Report(app, trace, written: null);
            return ExitCode.Fine;
        });
        return command;
    }

    private static void WriteText(AppContext app, TracePipeline trace, TraceStatistics s)
    {
        var facts = new TextTable("", "value", "unit").AlignRight(1);
        facts.Add("Layout", trace.Format, "");
        facts.Add("Requests", Text(s.Requests), "");
        if (s is { FirstArrival: { } first, LastArrival: { } last })
        {
            facts.Add("First arrival", Text(first.Seconds), "s");
            facts.Add("Last arrival", Text(last.Seconds), "s");
            facts.Add("Rate", Text(s.Rate), "requests/s");
            facts.Add("Gap, coefficient of variation", Text(s.GapCv), "(Poisson: 1)");
            facts.Add("Dispersion of counts per second", Text(s.Idc1), "(Poisson: 1)");
            facts.Add("Dispersion of counts per 10 s", Text(s.Idc10), "(Poisson: 1)");
            facts.Add("Dispersion of counts per minute", Text(s.Idc60), "(Poisson: 1)");
        }

        if (s.Dependents > 0) facts.Add("Wait for other requests", Text(s.Dependents), "requests");
        if (s.Sessions > 0) facts.Add("Conversations", AtLeast(s) + Text(s.Sessions), "");
        if (s.HashReferences > 0)
        {
            facts.Add("Prompt block references", Text(s.HashReferences), "");
            facts.Add("Distinct prompt blocks", AtLeast(s) + Text(s.DistinctHashIds), $"of {trace.BlockSize} tokens");
        }

        facts.Write(app);
        var lengths = new TextTable("tokens", "total", "mean", "min", "p50", "p90", "p99", "max").AlignRight(1, 2, 3, 4, 5, 6, 7);
        AddRow(lengths, "Input", s.Input);
        AddRow(lengths, "Output", s.Output);
        lengths.Write(app);
    }

    private static void AddRow(TextTable table, string name, TokenHistogram h) => table.Add(name, h.Sum.ToString("N0", CultureInfo.InvariantCulture),
        Text(h.Mean), Text(h.Min), Text(h.Percentile(0.5)), Text(h.Percentile(0.9)), Text(h.Percentile(0.99)), Text(h.Max));

    private static void WriteJson(Utf8JsonWriter writer, TracePipeline trace, TraceStatistics s)
    {
        writer.WriteStartObject();
        writer.WriteString("layout", trace.Format);
        writer.WriteNumber("requests", s.Requests);
        writer.WriteNumber("dependent_requests", s.Dependents);
        Optional(writer, "first_arrival_s", s.FirstArrival?.Seconds);
        Optional(writer, "last_arrival_s", s.LastArrival?.Seconds);
        Optional(writer, "requests_per_second", s.Rate);
        Optional(writer, "gap_cv", s.GapCv);
        Optional(writer, "dispersion_1s", s.Idc1);
        Optional(writer, "dispersion_10s", s.Idc10);
        Optional(writer, "dispersion_60s", s.Idc60);
        writer.WriteNumber("sessions", s.Sessions);
        writer.WriteNumber("hash_references", s.HashReferences);
        writer.WriteNumber("distinct_hash_ids", s.DistinctHashIds);
        writer.WriteBoolean("distinct_is_exact", s.DistinctIsExact);
        WriteLengths(writer, "input_tokens", s.Input);
        WriteLengths(writer, "output_tokens", s.Output);
        writer.WriteNumber("records_read", trace.Counts.Read);
        writer.WriteStartObject("dropped");
        foreach (var (reason, count) in trace.Counts.Dropped) writer.WriteNumber(reason, count);
        writer.WriteEndObject();
        writer.WriteStartObject("changed");
        foreach (var (reason, count) in trace.Counts.Changed) writer.WriteNumber(reason, count);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteLengths(Utf8JsonWriter writer, string name, TokenHistogram h)
    {
        writer.WriteStartObject(name);
        writer.WritePropertyName("total");
        writer.WriteRawValue(h.Sum.ToString(CultureInfo.InvariantCulture));
        writer.WriteNumber("mean", h.Mean);
        writer.WriteNumber("min", h.Min);
        writer.WriteNumber("p50", h.Percentile(0.5));
        writer.WriteNumber("p90", h.Percentile(0.9));
        writer.WriteNumber("p99", h.Percentile(0.99));
        writer.WriteNumber("max", h.Max);
        writer.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number)) writer.WriteNumber(name, number);
        else writer.WriteNull(name);
    }

    private static string AtLeast(TraceStatistics s) => s.DistinctIsExact ? "" : "at least ";

    private static string Text(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Text(double value) => double.IsFinite(value) ? value.ToString(value >= 1000 ? "N0" : "0.###", CultureInfo.InvariantCulture) : "-";
}
