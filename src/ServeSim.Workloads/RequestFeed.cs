using System.Runtime.ExceptionServices;
using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>
/// Turns the records of a trace into requests, a bounded number of them ahead on a thread of its own. What comes out does
/// not depend on the thread: the same requests, counts, warnings and errors at the same place as without it. The first
/// records are read by the caller, so that a short trace never starts a thread.
/// </summary>
public sealed class RequestFeed : IDisposable
{
    /// <summary>Records read before a thread is worth its start.</summary>
    public const int RecordsBeforeThread = 4096;

    /// <summary>
    /// A record is garbage as soon as there is a request of it. Left to itself the runtime lets tens of megabytes of them
    /// pile up on machines with large caches; collecting a few often keeps memory flat over any trace at little cost.
    /// </summary>
    private const int RecordsPerCollection = 4096;

    private const int BatchRequests = 256;
    private const int Batches = 4;
    private static readonly TimeSpan _longestFarewell = TimeSpan.FromSeconds(1);

    private readonly ITraceSource _trace;
    private readonly int _before;
    private readonly object _lock = new();
    private readonly Queue<Batch> _full = new();
    private readonly Queue<Batch> _free = new();
    private Thread? _thread;
    private Batch _current = new(0);
    private int _at;
    private int _nextMark;
    private long _taken;
    private long _read;
    private bool _isStopped;
    private Mark? _mark;

    /// <summary>Takes over a trace, which is closed with the feed.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="recordsBeforeThread">Records after which the thread starts; <see cref="int.MaxValue"/> for never.</param>
    public RequestFeed(ITraceSource trace, int recordsBeforeThread = RecordsBeforeThread) => (_trace, _before) = (trace, recordsBeforeThread);

    /// <summary>True once the thread has been started.</summary>
    public bool HasThread => _thread is not null;

    /// <summary>The trace's warnings up to the record taken last.</summary>
    public IReadOnlyList<string> Warnings => _mark?.Warnings ?? _trace.Warnings;

    /// <summary>Records left out and changed up to the record taken last; the other counts as they were when one of these last grew.</summary>
    public TraceCounts Counts => _mark?.Counts ?? _trace.Counts;

    /// <summary>Takes the next request, or false at the end.</summary>
    /// <exception cref="InputException">The trace is bad from here on.</exception>
    public bool TryTake(out FedRequest request)
    {
        if (_thread is null)
        {
            if (_taken < _before)
            {
                _taken++;
                return TryRead(out request);
            }

            StartThread();
        }

        while (true)
        {
            while (_nextMark < _current.Marks.Count && _current.Marks[_nextMark].Index <= _at) _mark = _current.Marks[_nextMark++].Mark;
            if (_at < _current.Count)
            {
                request = _current.Requests[_at++];
                return true;
            }

            _current.Error?.Throw();
            if (_current.IsLast)
            {
                request = default;
                return false;
            }

            Exchange();
        }
    }

    /// <summary>
    /// Stops the thread, which closes the trace. A thread that hangs in a read, as in a pipe that delivers nothing, is left
    /// to the end of the process; it does not hold that up.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isStopped) return;
            _isStopped = true;
            Monitor.PulseAll(_lock);
        }

        if (_thread is null) _trace.Dispose();
        else _thread.Join(_longestFarewell);
    }

    private bool TryRead(out FedRequest request)
    {
        request = default;
        if (!_trace.TryRead(out var record)) return false;
        if (++_read % RecordsPerCollection == 0) GC.Collect(0);
        request = FedRequest.Of(record, _trace.MayHaveDependencies);
        return true;
    }

    private void StartThread()
    {
        ObjectDisposedException.ThrowIf(_isStopped, this);
        _mark = Mark.Of(_trace);
        for (var i = 0; i < Batches; i++) _free.Enqueue(new Batch(BatchRequests));
        _thread = new Thread(() => ReadAll(_mark.Changes)) { IsBackground = true, Name = "trace reader" };
        _thread.Start();
    }

    /// <summary>Gives the empty batch back and waits for a full one.</summary>
    private void Exchange()
    {
        if (_current.Requests.Length > 0)
        {
            _current.Clear();
            Enqueue(_free, _current);
        }

        (_at, _nextMark) = (0, 0);
        _current = Dequeue(_full) ?? throw new ObjectDisposedException(nameof(RequestFeed));
    }

    private void ReadAll(long changes)
    {
        try
        {
            for (var isLast = false; !isLast && Dequeue(_free) is { } batch;)
            {
                isLast = Fill(batch, ref changes);
                Enqueue(_full, batch);
            }
        }
        finally
        {
            _trace.Dispose();
        }
    }

    /// <summary>True when nothing can follow.</summary>
    private bool Fill(Batch batch, ref long changes)
    {
        try
        {
            while (batch.Count < BatchRequests)
            {
                batch.IsLast = !TryRead(out batch.Requests[batch.Count]);
                if (_trace.Changes != changes)
                {
                    changes = _trace.Changes;
                    batch.Marks.Add((batch.Count, Mark.Of(_trace)));
                }

                if (batch.IsLast) return true;
                batch.Count++;
            }

            return false;
        }
        catch (Exception error)
        {
            batch.Error = ExceptionDispatchInfo.Capture(error);    // thrown where its record would have come
            return true;
        }
    }

    private void Enqueue(Queue<Batch> queue, Batch batch)
    {
        lock (_lock)
        {
            queue.Enqueue(batch);
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>The next batch of a queue, waiting for it; null once the feed is disposed.</summary>
    private Batch? Dequeue(Queue<Batch> queue)
    {
        lock (_lock)
        {
            while (true)
            {
                if (_isStopped) return null;
                if (queue.TryDequeue(out var batch)) return batch;
                Monitor.Wait(_lock);
            }
        }
    }

    /// <summary>What was counted and warned of up to a record.</summary>
    private sealed record Mark(long Changes, TraceCounts Counts, IReadOnlyList<string> Warnings)
    {
        public static Mark Of(ITraceSource trace) => new(trace.Changes, trace.Counts.Copy(), [.. trace.Warnings]);
    }

    private sealed class Batch(int size)
    {
        public FedRequest[] Requests { get; } = new FedRequest[size];
        public int Count { get; set; }
        public List<(int Index, Mark Mark)> Marks { get; } = [];
        public ExceptionDispatchInfo? Error { get; set; }
        public bool IsLast { get; set; }

        public void Clear()
        {
            Array.Clear(Requests, 0, Count);    // names must not outlive their requests
            Count = 0;
            Marks.Clear();
        }
    }
}
