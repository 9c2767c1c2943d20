using System.Diagnostics.CodeAnalysis;
using ServeSim.Abstractions;
using ServeSim.Workloads.Transforms;

namespace ServeSim.Workloads;

/// <summary>A trace with transformations on top; each is a pure function of the file, its parameters and the seed.</summary>
public sealed class TracePipeline : ITraceSource
{
    private readonly Func<TraceReader> _open;
    private readonly TraceOptions _options;
    private readonly List<string> _earlierWarnings = [];
    private readonly TraceCounts _earlier = new();
    private readonly TraceCounts _own = new();
    private readonly string _name;
    private TraceReader _reader;
    private TransformPass _pass;
    private int _copy;
    private string _suffix = "";
    private long _emitted;
    private long _copyStart;
    private long _lastArrival;
    private ulong _maxHashId;
    private ulong _hashOffset;

    private TracePipeline(Func<TraceReader> open, TraceOptions options, string name)
    {
        options.Validate();
        _open = open;
        _name = name;
        _options = options;
        _reader = open();
        if (!_reader.HasArrivals && options.Arrivals.NeedsRecordedTimes)
        {
            _reader.Dispose();
            throw new InputException($"{name}:1: error T043: no arrival times in a {_reader.Format} trace; give an arrival process, for example --arrivals poisson:2 for 2 requests per second");
        }

        _pass = new TransformPass(options, _reader.MayHaveDependencies, _own);
    }

    /// <inheritdoc/>
    public string Format => _reader.Format;

    /// <inheritdoc/>
    public int BlockSize => _reader.BlockSize;

    /// <inheritdoc/>
    public bool MayHaveDependencies => _reader.MayHaveDependencies;

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings => _earlierWarnings.Count == 0 ? _reader.Warnings : [.. _earlierWarnings.Union(_reader.Warnings)];

    /// <inheritdoc/>
    public TraceCounts Counts
    {
        get
        {
            var total = new TraceCounts();
            total.AddReader(_earlier);
            total.AddReader(_reader.Counts);
            total.AddReader(_own);
            total.Emitted = _emitted;
            return total;
        }
    }

    /// <inheritdoc/>
    public long Changes => _earlier.Changes + _earlierWarnings.Count + _reader.Changes + _own.Changes;

    /// <summary>Opens a file (<c>-</c> is standard input) with its transformations.</summary>
    /// <exception cref="InputException">The file cannot be used, or the options do not fit it.</exception>
    public static TracePipeline Open(string path, TraceOptions? options = null)
    {
        options ??= new TraceOptions();
        if (path == "-" && options.Repeat > 1) throw new InputException("standard input can be read once only; repeat needs a file");
        return new TracePipeline(() => TraceFile.Open(path, options.Read), options, path == "-" ? "<stdin>" : path);
    }

    /// <summary>Opens a stream that can be made anew for each copy of a repeated trace.</summary>
    /// <exception cref="InputException">The stream cannot be used, or the options do not fit it.</exception>
    public static TracePipeline Open(Func<Stream> stream, string name, TraceOptions? options = null)
    {
        options ??= new TraceOptions();
        return new TracePipeline(() => TraceFile.Open(stream(), name, options.Read), options, name);
    }

    /// <inheritdoc/>
    public bool TryRead([NotNullWhen(true)] out TraceRecord? record)
    {
        while (true)
        {
            while (!_pass.IsFull && _reader.TryRead(out var next))
            {
                if (!_pass.TryApply(next, out record)) continue;
                record = _options.Repeat > 1 ? Place(record) : record;
                _emitted++;
                return true;
            }

            if (_copy + 1 >= _options.Repeat) break;
            NextCopy();
        }

        if (_emitted == 0)
        {
            var dropped = string.Join(", ", Counts.Dropped.Select(reason => FormattableString.Invariant($"{reason.Key} {reason.Value}")));
            throw new InputException($"{_name}: error T001: no request is left of {Counts.Read}; dropped: {dropped}");
        }

        record = null;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private void NextCopy()
    {
        _copy++;
        _suffix = FormattableString.Invariant($"#{_copy + 1}");
        _earlier.AddReader(_reader.Counts);
        _earlierWarnings.AddRange(_reader.Warnings.Except(_earlierWarnings).ToList());
        _reader.Dispose();
        _reader = _open();
        _pass = new TransformPass(_options, _reader.MayHaveDependencies, _own);
        _copyStart = _lastArrival + _options.Gap.Nanoseconds;
        _hashOffset = unchecked((_maxHashId + 1) * (ulong)_copy);    // ids near 2^64 wrap around: still one to one inside a copy
    }

    /// <summary>Moves a record to its copy's place in time, among ids and among hash ids.</summary>
    private TraceRecord Place(TraceRecord record)
    {
        if (_copy == 0 && record.HashIds is { } ids)
        {
            foreach (var id in ids) _maxHashId = Math.Max(_maxHashId, id);
        }

        if (record.Arrival is { } arrival) _lastArrival = Math.Max(_lastArrival, _copyStart + arrival.Nanoseconds);
        if (_copy == 0) return record;
        return record with
        {
            Number = _emitted + 1,
            ExplicitId = record.ExplicitId is not null || MayHaveDependencies ? record.RequestId + _suffix : null,
            Arrival = record.Arrival is { } time ? new SimTime(_copyStart + time.Nanoseconds) : null,
            SessionId = record.SessionId is null ? null : record.SessionId + _suffix,
            WaitFor = record.WaitFor?.Select(id => id + _suffix).ToList(),
            HashIds = record.HashIds?.Select(id => unchecked(id + _hashOffset)).ToList(),
        };
    }
}
