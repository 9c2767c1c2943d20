using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>How the weights of routed experts are counted.</summary>
/// <param name="Cost">Says how many experts an iteration reads.</param>
/// <param name="BytesPerExpert">Weights of one expert of one layer.</param>
public sealed record ExpertOptions(ICostModel Cost, double BytesPerExpert);

/// <summary>Weights of routed experts that were read, from the first measured arrival on.</summary>
/// <param name="ReadBytes">All of them.</param>
/// <param name="PrefillReadBytes">Those above what the decodes of each iteration would have read alone.</param>
/// <param name="ReadBytesPerRequest">All of them, per finished request.</param>
public sealed record ExpertSummary(double ReadBytes, double PrefillReadBytes, double? ReadBytesPerRequest);

/// <summary>Counts expert reads in whole millionths, so that the sum does not depend on the order.</summary>
internal sealed class ExpertMeter(ExpertOptions options)
{
    private Int128 _reads;
    private Int128 _prefillReads;

    public void Add(in IterationRecord iteration)
    {
        var decodes = Reads(0, iteration.DecodeSequences);
        var all = iteration.ExpertReads is { } known ? Millionths(known) : iteration.PrefillTokens == 0 ? decodes : Reads(iteration.PrefillTokens, iteration.DecodeSequences);
        _reads += all;
        _prefillReads += all - decodes;
    }

    public void Add(in DecodeRun run) => _reads += run.Count * Reads(0, run.Sequences);

    public ExpertSummary ToSummary(long finished)
    {
        var bytes = (double)_reads * 1e-6 * options.BytesPerExpert;
        return new(bytes, (double)_prefillReads * 1e-6 * options.BytesPerExpert, finished > 0 ? bytes / finished : null);
    }

    private Int128 Reads(int prefill, int decodes) =>
        Millionths(options.Cost.ExpertReads(new BatchShape { PrefillTokens = prefill, DecodeSequences = decodes }));

    private static Int128 Millionths(double reads) => (Int128)Math.Round(reads * 1e6, MidpointRounding.ToEven);
}
