using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Grouped-query attention by the calibrated laws: a kernel for the chunks and one for the decodes, or one for both where
/// the device's library works so.
/// </summary>
internal sealed class CalibratedAttention : DecodeAttention
{
    private readonly AttentionWindow? _window;
    private readonly AttentionShape _heads;
    private readonly DecodeLaw _decode;
    private readonly PrefillTerms _prefill;
    private readonly MixedTerms? _mixed;
    private readonly string _suffix;
    private readonly double _perSequence;
    private readonly double _swap;
    private readonly double _perKey;
    private readonly double _perLongest;
    private readonly double _blockTokens;
    private readonly double _start;
    private readonly double _split;
    private readonly double _factor;

    public CalibratedAttention(ModelSpec model, int tensor, AttentionWindow? window, CalibratedClock clock, CostOptions options)
    {
        _window = window;
        _suffix = window is null ? "" : " (window)";
        var kv = options.Precision.Kv;
        _heads = new(model.QueryHeads / tensor, Math.Max(1, model.KvHeads / tensor), model.HeadSize, kv.BytesPerElement(model.HeadSize));
        ref readonly var rates = ref clock.Rates;
        _decode = clock.Decoding with { Bandwidth = clock.Decoding.Bandwidth * kv.Efficiency };
        _prefill = (clock.Prefilling with { Bandwidth = clock.Prefilling.Bandwidth * kv.Efficiency }).On(_heads, rates);
        _mixed = clock.Mixing?.On(_heads, rates);

        // The terms of the decode law, ready for a decode iteration: four multiplications and no division.
        _factor = clock.AttentionFactor;
        _start = _factor * _decode.StartMicroseconds;
        _split = _factor * _decode.SplitMicroseconds;
        _swap = _factor * (_decode.StartMicroseconds + _decode.Fixed(_heads, 2, rates) - (2 * _decode.Fixed(_heads, 1, rates)));
        _perSequence = _factor * _decode.Fixed(_heads, 1, rates);
        _perKey = _factor * _decode.PerKey(_heads, rates);
        _perLongest = _factor * (_decode.PerKiloContextMicroseconds / 1024);
        _blockTokens = DecodeLaw.BlockTokens(_heads.HeadSize);
    }

    public AttentionWindow? Window => _window;

    /// <summary>The decode kernel of so many sequences.</summary>
    public override DecodeSlopes Slopes(int sequences) => new(DecodeFixed(sequences), _perKey, _perLongest, _split, _blockTokens);

    public override double DecodeMicroseconds(int sequences, double keys, double longest) => Decode(sequences, keys, longest);

    private double DecodeFixed(double sequences) => (sequences > 1 ? _swap : _start) + (_perSequence * sequences);

    private double Decode(double sequences, double keys, double longest) => DecodeFixed(sequences) + (_perKey * keys) + (_perLongest * longest)
        + (longest > _blockTokens ? _split : 0);

    public override double Microseconds(in BatchShape shape, int layers, CostLedger? ledger)
    {
        if (ledger is null && shape.PrefillTokens == 0 && _window is null && shape.Sequences.IsEmpty)
            return Decode(shape.DecodeSequences, shape.DecodeContextTokens + shape.DecodeSequences, AttentionWork.LongestDecode(shape));
        var work = _window is null && shape.Sequences.IsEmpty
            ? AttentionWork.FromSums(shape, sharesOfKeys: false)
            : AttentionWork.FromSequences(shape.Sequences, _window);
        return Microseconds(work, shape.PrefillTokens, shape.DecodeSequences, layers, ledger);
    }

    /// <summary>Attention of a batch given by its work.</summary>
    public double Microseconds(in AttentionWork work, int prefillTokens, int sequences, int layers, CostLedger? ledger)
    {
        if (prefillTokens == 0)
        {
            var alone = Decode(sequences, work.DecodeKeys, work.LongestDecodeKeys);
            if (ledger is not null) Note(ledger, "decode attention", layers, work.DecodePairs, work.DecodeKeys, sequences, alone, BoundBy.Memory);
            return alone;
        }

        var chunks = work.Prefill(prefillTokens);
        if (_mixed is { } mixed)
        {
            var both = _factor * mixed.Microseconds(chunks, sequences, work.DecodeKeys, work.LongestDecodeKeys);
            if (ledger is not null)
                Note(ledger, "attention", layers, work.PrefillPairs + work.DecodePairs, work.PrefillKeys + work.DecodeKeys, prefillTokens + sequences, both, BoundBy.Compute);
            return both;
        }

        var prefill = _factor * _prefill.Microseconds(chunks);
        if (ledger is not null) Note(ledger, "prefill attention", layers, work.PrefillPairs, work.PrefillKeys, prefillTokens, prefill, BoundBy.Compute);
        if (sequences == 0) return prefill;
        var decode = Math.Max(0, Decode(sequences, work.DecodeKeys, work.LongestDecodeKeys) - Math.Min(_start, _factor * _prefill.Start));
        if (ledger is not null) Note(ledger, "decode attention", layers, work.DecodePairs, work.DecodeKeys, sequences, decode, BoundBy.Memory);
        return prefill + decode;
    }

    private void Note(CostLedger ledger, string name, int layers, double pairs, double keys, double rows, double each, BoundBy bound) =>
        ledger.Add(name + _suffix, layers, 4 * _heads.QueryHeads * _heads.HeadSize * pairs,
            (2 * _heads.KvHeads * _heads.HeadSize * _heads.KvBytes * keys) + (4 * _heads.QueryHeads * _heads.HeadSize * rows), new(each, bound));
}
