using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Hardware;

namespace ServeSim.Tests.CostModels;

/// <summary>Mixed attention in tiles of 64 rows, whole waves of them, and tiles that stay empty.</summary>
public sealed class MixedWaveTests
{
    private static readonly DeviceRates _rtx = DeviceRates.Of(AcceleratorCatalog.Get("rtx-pro-6000"));
    private static readonly AttentionShape _heads = new(32, 8, 128);
    private static readonly MixedLaw _law = new(4.6, 0.65, 0.53, 0.5, 3.7, 1.64, 0.34, 0.41, PrefillWork.FineTileRows);

    [Fact]
    public void More_sequences_context_or_prompt_never_take_less_time()
    {
        double Time(double chunk, double past, double n, double context) => _law.Microseconds(_heads, PrefillWork.Of(chunk, past), n, n * context, context, _rtx);
        foreach (var chunk in (double[])[1, 16, 64, 65, 300, 2048])
        {
            foreach (var past in (double[])[0, 100, 5000])
            {
                for (double n = 0, before = 0; n < 300; n++)
                {
                    var time = Time(chunk, past, n, 700);
                    Assert.True(time >= before, $"{chunk} after {past}, {n} decodes");
                    Assert.True(Time(chunk + 1, past, n, 700) >= time && Time(chunk, past + 1, n, 700) >= time && Time(chunk, past, n, 701) >= time);
                    before = time;
                }
            }
        }
    }

    [Fact]
    public void A_sequence_of_hardly_any_context_never_makes_the_others_faster()
    {
        for (var n = 1; n < 300; n++)
        {
            double Time(int sequences, double keys) => _law.Microseconds(_heads, PrefillWork.Of(64, 0), sequences, keys, 4000, _rtx);
            Assert.True(Time(n + 1, (n * 4000.0) + 1) >= Time(n, n * 4000.0), $"{n}");
        }
    }

    [Fact]
    public void One_tile_more_than_a_wave_holds_takes_another_wave()
    {
        // 188 multiprocessors, 32 heads: the chunk and 4 decodes are 160 tiles, the fifth decode begins a second wave.
        double Time(int n) => _law.Microseconds(_heads, PrefillWork.Of(64, 0), n, n * 8192.0, 8192, _rtx);
        var steps = Enumerable.Range(1, 8).Select(n => Time(n + 1) - Time(n)).ToArray();
        Assert.Equal(steps.Max(), steps[3]);
        Assert.True(steps[3] > 3 * steps[1]);
    }

    [Fact]
    public void Long_chunks_leave_room_for_themselves_in_every_sequence()
    {
        double Time(in MixedLaw law, double chunk, int n) => law.Microseconds(_heads, PrefillWork.Of(chunk, 0), n, 0, 0, _rtx);
        var without = _law with { EmptyMicroseconds = 0 };
        Assert.Equal(Time(without, 64, 50), Time(_law, 64, 50), 1e-9);
        Assert.True(Time(_law, 2048, 50) > Time(without, 2048, 50) + (0.5 * 0.34 * 32 * 50 * 31 / 188));
    }

    [Fact]
    public void Six_constants_are_the_published_form() =>
        Assert.Equal(new MixedLaw(1, 2, 3, 4, 5, 6), MixedLaw.Of([1, 2, 3, 4, 5, 6]));
}
