using ServeSim.Abstractions;

namespace ServeSim.Reporting.Writers;

/// <summary>
/// Writes requests.csv, one row per request in arrival order. Requests end in another order: those that ended before an
/// earlier arrival did wait in a ring, which grows with the largest overtaking and not with the trace.
/// </summary>
public sealed class RequestsCsvWriter : IRunObserver
{
    private readonly CsvOutput _output;
    private RequestRecord[] _pending = new RequestRecord[64];
    private bool[] _isPending = new bool[64];
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

        Write(request);
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
            if (!_isPending[slot]) return;
            Write(_pending[slot]);
            _isPending[slot] = false;
            _pending[slot] = default;
            _next++;
        }
    }

    private void Hold(in RequestRecord request)
    {
        while (request.Number - _next >= _pending.Length) Grow();
        var slot = (int)(request.Number & (_pending.Length - 1));
        if (_isPending[slot]) throw new ArgumentException($"request {request.Number} has ended twice");
        _pending[slot] = request;
        _isPending[slot] = true;
        _beyond = Math.Max(_beyond, request.Number + 1);
    }

    private void Grow()
    {
        var (pending, isPending) = (_pending, _isPending);
        _pending = new RequestRecord[2 * pending.Length];
        _isPending = new bool[_pending.Length];
        for (var i = 0; i < pending.Length; i++)
        {
            if (!isPending[i]) continue;
            var slot = (int)(pending[i].Number & (_pending.Length - 1));
            _pending[slot] = pending[i];
            _isPending[slot] = true;
        }
    }

    private void Write(in RequestRecord request)
    {
        if (request.Id is { } id) _output.Text(id); else _output.Text((byte)'r', request.Number + 1);
        _output.Seconds(request.Arrival.Nanoseconds);
        _output.Number(request.InputTokens);
        _output.Number(request.OutputTokens);
        if (request.Instance >= 0) _output.Number(request.Instance); else _output.Empty();
        Seconds(request.Scheduled?.Nanoseconds);
        Seconds(request.FirstToken?.Nanoseconds);
        Seconds(request.Finished?.Nanoseconds);
        Seconds(request.Ttft?.Nanoseconds);
        Seconds(request.Tpot?.Nanoseconds);
        Seconds(request.FirstToken is null ? null : request.MaxTbt.Nanoseconds);
        Seconds(request.E2e?.Nanoseconds);
        _output.Number(request.Preemptions);
        _output.Number(request.CachedTokens);
        _output.Literal(request.MeetsSlo ? "true"u8 : "false"u8);
        _output.Literal(request.Outcome switch
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
