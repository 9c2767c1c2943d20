using ServeSim.Abstractions;

namespace ServeSim.Reporting.Writers;

/// <summary>Writes iterations.csv, one row per iteration in the order of ends.</summary>
public sealed class IterationsCsvWriter : IRunObserver
{
    private readonly CsvOutput _output;

    /// <summary>Writes the header.</summary>
    public IterationsCsvWriter(Stream stream)
    {
        _output = new CsvOutput(stream);
        _output.Line("instance,start_s,end_s,prefill_tokens,prefill_sequences,decode_sequences,emitted_tokens,used_blocks,waiting_requests,preemptions,swapped_bytes,pending_tokens,carried_tokens"u8);
    }

    /// <inheritdoc/>
    public void OnIteration(in IterationRecord iteration)
    {
        _output.Number(iteration.Instance);
        _output.Seconds(iteration.Start.Nanoseconds);
        _output.Seconds(iteration.End.Nanoseconds);
        _output.Number(iteration.PrefillTokens);
        _output.Number(iteration.PrefillSequences);
        _output.Number(iteration.DecodeSequences);
        _output.Number(iteration.EmittedTokens);
        _output.Number(iteration.UsedBlocks);
        _output.Number(iteration.WaitingRequests);
        _output.Number(iteration.Preemptions);
        _output.Number(iteration.SwappedBytes);
        _output.Number(iteration.PendingTokens);
        _output.Number(iteration.CarriedTokens);
        _output.EndRow();
    }

    /// <summary>Writes what is left; nothing may follow.</summary>
    public void Complete() => _output.Flush();
}
