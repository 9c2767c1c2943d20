using System.Numerics;
using ServeSim.Abstractions;

namespace ServeSim.Tests;

/// <summary>A duration is rounded once, half to even, one by one or several side by side.</summary>
public sealed class RoundingTests
{
    [Theory]
    [InlineData(0.0005, 0), InlineData(0.0015, 2), InlineData(0.0025, 2), InlineData(0.0026, 3), InlineData(1e-12, 0), InlineData(-0.0, 0)]
    [InlineData(-0.0015, -2), InlineData(3e12, 3_000_000_000_000_000), InlineData(2.2517998136852481e12, 2_251_799_813_685_248)]
    public void Half_a_nanosecond_goes_to_the_even_one(double microseconds, long nanoseconds)
    {
        Assert.Equal(nanoseconds, SimDuration.FromMicroseconds(microseconds).Nanoseconds);
        Assert.Equal(new Vector<long>(nanoseconds), SimDuration.FromMicroseconds(new Vector<double>(microseconds)));
    }

    [Fact]
    public void Side_by_side_they_round_as_one_by_one()
    {
        var random = new RandomStream(11, "rounding");
        Span<double> lanes = stackalloc double[Vector<double>.Count];
        for (var round = 0; round < 50_000; round++)
        {
            foreach (ref var lane in lanes) lane = random.NextExponential() * (round % 2 == 0 ? 1e5 : 0.003);
            var together = SimDuration.FromMicroseconds(new Vector<double>(lanes));
            for (var i = 0; i < lanes.Length; i++) Assert.Equal(SimDuration.FromMicroseconds(lanes[i]).Nanoseconds, together[i]);
        }
    }

    [Theory, InlineData(double.NaN), InlineData(double.PositiveInfinity), InlineData(1e30)]
    public void What_is_no_duration_is_refused_in_both(double microseconds)
    {
        Assert.Throws<OverflowException>(() => SimDuration.FromMicroseconds(microseconds));
        Assert.Throws<OverflowException>(() => SimDuration.FromMicroseconds(new Vector<double>(microseconds)));
    }
}
