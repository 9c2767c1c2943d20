using System.Diagnostics.CodeAnalysis;
using System.Text;
using ServeSim.Abstractions;
using ServeSim.Workloads.Readers;

namespace ServeSim.Workloads;

/// <summary>
/// Reads a trace record by record in bounded memory. Good records before the first error are handed out; then the
/// rest is scanned for more errors and all of them are thrown together.
/// </summary>
public sealed class TraceReader : ITraceSource
{
    private const long ScanLinesAfterError = 1_000_000;

    private readonly ProblemLog _log;
    private readonly ByteLines _lines;
    private readonly RecordSink _sink;
    private readonly RecordBuilder _builder;
    private readonly ReorderWindow? _window;
    private readonly CsvRecordParser? _csv;
    private readonly JsonRecordParser? _json;
    private byte[]? _firstRecord;
    private bool _ended;
    private long _lastArrival;

    internal TraceReader(Stream stream, string name, TraceReadOptions options)
    {
        _log = new ProblemLog(name);
        _sink = new RecordSink(_log, options);
        _lines = new ByteLines(stream, _log);
        var header = new FileHeader(_log);
        var format = LayoutDetection.Named(options.Format, _log);
        var first = FirstLine(header);
        var json = first.Length > 0 && first[0] is (byte)'{' or (byte)'[';
        if (json && first[0] == '[') _log.Fatal("T014", _lines.Line, 1, "not an object; JSON traces have one object per line, not one array");

        var unit = header.Unit ?? (json ? 6 : 9);
        Layout layout;
        if (json && header.TryAddObject(first, _lines.Line))
        {
            unit = header.Unit ?? 6;
            layout = LayoutDetection.ForJson(first, canonicalHeader: true, unit, format, _lines.Line, _log);
        }
        else if (json)
        {
            layout = LayoutDetection.ForJson(first, header.IsCanonical, unit, format, _lines.Line, _log);
            _firstRecord = first;
        }
        else
        {
            var names = HeaderNames(first);
            _sink.Line = _lines.Line;
            layout = LayoutDetection.ForCsv(names, header.IsCanonical, unit, format, _lines.Line, _log);
            _csv = new CsvRecordParser(_sink, layout, names);
        }

        if (json) _json = new JsonRecordParser(_sink, layout);
        _builder = new RecordBuilder(_sink, layout, Counts);
        _builder.BlockSize = header.BlockSize ?? _builder.BlockSize;
        _sink.Complete = _builder.Complete;
        _window = options.Order.Window > SimDuration.Zero ? new ReorderWindow(options.Order.Window) : null;
        Format = layout.Name;
        HasArrivals = layout.HasArrivals;
        MayHaveDependencies = _csv?.HasDependencies ?? layout.MayHaveDependencies;
        StartText = header.StartText;
        Source = header.Source;
    }

    /// <inheritdoc/>
    public string Format { get; }

    /// <inheritdoc/>
    public int BlockSize => _builder.BlockSize;

    /// <summary>False for layouts that give lengths only.</summary>
    public bool HasArrivals { get; }

    /// <inheritdoc/>
    public bool MayHaveDependencies { get; }

    /// <summary>The trace start as the file's header states it, if it does.</summary>
    public string? StartText { get; }

    /// <summary>Where the trace comes from as the file's header states it, if it does.</summary>
    public string? Source { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings => _log.Warnings;

    /// <inheritdoc/>
    public TraceCounts Counts { get; } = new();

    /// <inheritdoc/>
    public long Changes => Counts.Changes + _log.Warnings.Count;

    /// <summary>Number of the line read last, in the unpacked text, from 1.</summary>
    public long Line => _lines.Line;

    /// <inheritdoc/>
    /// <exception cref="InputException">The trace is bad; up to 20 problems are listed.</exception>
    public bool TryRead([NotNullWhen(true)] out TraceRecord? record)
    {
        while (!TryTake(out record))
        {
            if (_log.HasErrors) ScanRest();
            if (_ended) return false;
            ReadLine();
        }

        Counts.Emitted++;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private bool TryTake([NotNullWhen(true)] out TraceRecord? record)
    {
        if (_window is not null)
        {
            while (_builder.TryTake(out var next))
            {
                if (!_window.TryAdd(next!, out var late)) Late(late);
            }

            return _window.TryTake(_ended, out record) && !_log.HasErrors;
        }

        if (!_builder.TryTake(out record)) return false;
        if (record!.Arrival is not { } arrival) return true;
        if (arrival.Nanoseconds < _lastArrival)
        {
            Late(new SimDuration(_lastArrival - arrival.Nanoseconds));
            record = null;
            return false;
        }

        _lastArrival = arrival.Nanoseconds;
        return true;
    }

    private void Late(SimDuration late) =>
        _log.Error("T030", _lines.Line, 0, $"arrives {late} s before the previous record; sort the file, or read it with order window:SECONDS");

    private void ReadLine()
    {
        ReadOnlySpan<byte> line = _firstRecord;
        if (_firstRecord is not null) _firstRecord = null;
        else if (!_lines.TryRead(out line))
        {
            End();
            return;
        }

        if (IsBlank(line) || (_csv is not null && line[0] == '#')) return;
        _sink.Line = _lines.Line;
        if (_csv is not null) _csv.Parse(line);
        else _json!.Parse(line);
        _lines.RecordsRead = Counts.Read;
    }

    private void End()
    {
        _ended = true;
        if (_log.HasErrors) return;
        if (Counts.Read == 0) _log.Fatal("T001", Math.Max(1, _lines.Line), 0, "trace has no requests");
        if (Counts.Read == Counts.DroppedTotal)
            _log.Fatal("T001", _lines.Line, 0, $"trace has no requests; all {Counts.Read} records were dropped ({string.Join(", ", Counts.Dropped.Keys)})");
    }

    /// <summary>Looks for more errors, so that a user sees them at once; a long or endless input is not read to its end.</summary>
    private void ScanRest()
    {
        var stop = _lines.Line + ScanLinesAfterError;
        while (!_ended && _lines.Line < stop)
        {
            ReadLine();
            while (TryTake(out _)) { }
        }

        _log.Throw(_ended ? null : _lines.Line);
    }

    private byte[] FirstLine(FileHeader header)
    {
        while (_lines.TryRead(out var line))
        {
            if (IsBlank(line)) continue;
            if (line[0] != '#') return line.TrimStart(" \t"u8).ToArray();
            header.AddComment(line, _lines.Line);
        }

        _log.Fatal("T001", Math.Max(1, _lines.Line), 0, "trace has no requests");
        return [];
    }

    private string[] HeaderNames(ReadOnlySpan<byte> line)
    {
        var fields = new CsvFields();
        if (!fields.TrySplit(line)) _log.Fatal("T013", _lines.Line, 0, "a quoted column name is not closed");
        var names = new string[fields.Count];
        for (var i = 0; i < names.Length; i++) names[i] = Encoding.UTF8.GetString(fields.Get(line, i)).Trim();
        return names;
    }

    private static bool IsBlank(ReadOnlySpan<byte> line) => line.IsEmpty || (line[0] is (byte)' ' or (byte)'\t' && line.Trim(" \t"u8).IsEmpty);
}
