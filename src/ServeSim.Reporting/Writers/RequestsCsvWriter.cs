using ServeSim.Abstractions;

namespace ServeSim.Reporting.Writers;

/// <summary>
/// Writes requests.csv, one row per request in arrival order. Requests end in another order: those that ended before an
/// earlier arrival did wait in a ring of what their rows need, which grows with the largest overtaking (the arrivals during the
/// longest life of a request) and not with the trace.
/// </summary>
public sealed class RequestsCsvWriter : IRunObserver
{
    private readonly CsvOutput _output;
    private RequestRow[] _pending = new RequestRow[64];
    private long _next;
    private long _beyond;       // one more than the largest number that waits

    /// <summary>Writes the header.</summary>
    public RequestsCsvWriter(Stream stream)
    {
        _output = new CsvOutput(stream);
        _output.Line("request_id,arrival_s,input_tokens,output_tokens,instance,scheduled_s,first_token_s,finished_s,ttft_s,tpot_s,max_tbt_s,e2e_s,preemptions,cached_tokens,slo_met,status"u8);
    }

    /// <inheritdoc/>
    public bool NeedsTimeOrder => false;

    /// <inheritdoc/>
    public void OnRequestEnded(in RequestRecord request)
    {
        if (request.Number < _next) throw new ArgumentException($"request {request.Number} has ended twice");
        if (request.Number > _next)
        {
            Hold(request);
            return;
        }

        Write(new RequestRow(request));
        _next++;
        WriteHeld();
    }

    /// <summary>Writes what is left; nothing may follow.</summary>
    public void Complete()
    {
        while (_next < _beyond)
        {
            WriteHeld();
            _next++;        // a request that never ended leaves no row
        }

        _output.Flush();
    }

    private void WriteHeld()
    {
        while (_next < _beyond)
        {
            var slot = (int)(_next & (_pending.Length - 1));
            if (!_pending[slot].IsKnown) return;
            Write(_pending[slot]);
            _pending[slot] = default;
            _next++;
        }
    }

    private void Hold(in RequestRecord request)
    {
        while (request.Number - _next >= _pending.Length) Grow();
        var slot = (int)(request.Number & (_pending.Length - 1));
        if (_pending[slot].IsKnown) throw new ArgumentException($"request {request.Number} has ended twice");
        _pending[slot] = new RequestRow(request);
        _beyond = Math.Max(_beyond, request.Number + 1);
    }

    private void Grow()
    {
        var old = _pending;
        _pending = new RequestRow[2 * old.Length];
        for (var number = _next; number < _beyond; number++) _pending[(int)(number & (_pending.Length - 1))] = old[(int)(number & (old.Length - 1))];
    }

    private void Write(in RequestRow row)
    {
        if (row.Id is { } id) _output.Text(id); else _output.Text((byte)'r', _next + 1);
        _output.Seconds(row.Arrival);
        _output.Number(row.InputTokens);
        _output.Number(row.OutputTokens);
        if (row.Instance >= 0) _output.Number(row.Instance); else _output.Empty();
        Seconds(row.Scheduled);
        Seconds(row.FirstToken);
        Seconds(row.Finished);
        Seconds(row.FirstToken is null ? null : row.FirstToken - row.Arrival);
        Seconds(row.Tpot);
        Seconds(row.FirstToken is null ? null : row.MaxTbt);
        Seconds(row.Finished is null ? null : row.Finished - row.Arrival);
        _output.Number(row.Preemptions);
        _output.Number(row.CachedTokens);
        _output.Literal(row.MeetsSlo ? "true"u8 : "false"u8);
        _output.Literal(row.Outcome switch
        {
            RequestOutcome.Finished => "finished"u8,
            RequestOutcome.Rejected => "rejected"u8,
            RequestOutcome.Aborted => "aborted"u8,
            _ => "unfinished"u8,
        });
        _output.EndRow();
    }

    private void Seconds(long? nanoseconds)
    {
        if (nanoseconds is { } known) _output.Seconds(known); else _output.Empty();
    }
}
