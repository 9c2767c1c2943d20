using System.IO.Compression;
using ServeSim.Abstractions;
using ServeSim.Workloads.Writers;

namespace ServeSim.Workloads;

/// <summary>
/// Writes a trace. A file appears under its name only when <see cref="Complete"/> has been called, so that a broken
/// run leaves nothing that looks like a trace; a name that ends in .gz is compressed.
/// </summary>
public sealed class TraceWriter : IDisposable
{
    private readonly IRecordWriter _records;
    private readonly Stream _stream;
    private readonly string? _temporary;
    private readonly string? _path;
    private bool _closed;

    private TraceWriter(Stream stream, TraceWriteFormat format, TraceWriteOptions? options, string? path, string? temporary)
    {
        options ??= new TraceWriteOptions();
        _stream = new BufferedStream(stream, 64 * 1024);
        _path = path;
        _temporary = temporary;
        _records = format switch
        {
            TraceWriteFormat.Csv => new CsvRecordWriter(_stream, options),
            TraceWriteFormat.Vidur => new PlainRecordWriter(_stream, start: null),
            TraceWriteFormat.Azure => new PlainRecordWriter(_stream, options.Start),
            TraceWriteFormat.Mooncake => new JsonRecordWriter(_stream, canonical: false, options),
            _ => new JsonRecordWriter(_stream, canonical: true, options),
        };
    }

    /// <summary>Records written.</summary>
    public long Count { get; private set; }

    /// <summary>Writes a file.</summary>
    /// <exception cref="InputException">The folder does not exist or cannot be written to.</exception>
    public static TraceWriter Create(string path, TraceWriteFormat format, TraceWriteOptions? options = null)
    {
        var temporary = path + ".part";
        try
        {
            Stream file = new FileStream(temporary, FileMode.Create, FileAccess.Write);
            if (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)) file = new GZipStream(file, CompressionLevel.Optimal);
            return new TraceWriter(file, format, options, path, temporary);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written; {refused.Message}");
        }
    }

    /// <summary>Writes to a stream, which is closed with the writer.</summary>
    public static TraceWriter To(Stream stream, TraceWriteFormat format, TraceWriteOptions? options = null) => new(stream, format, options, null, null);

    /// <summary>Adds a record.</summary>
    /// <exception cref="InputException">The layout cannot hold it.</exception>
    public void Write(TraceRecord record)
    {
        _records.Write(record);
        Count++;
    }

    /// <summary>Finishes the trace and gives the file its name.</summary>
    public void Complete()
    {
        if (_closed) return;
        _closed = true;
        _records.Finish();
        _stream.Dispose();
        if (_temporary is not null) File.Move(_temporary, _path!, overwrite: true);
    }

    /// <summary>Closes; without <see cref="Complete"/> the unfinished file is removed.</summary>
    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        _stream.Dispose();
        if (_temporary is not null) File.Delete(_temporary);
    }
}
