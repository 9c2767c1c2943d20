using System.Numerics;
using ServeSim.Abstractions;

namespace ServeSim.Tests;

public sealed class DetMathTests
{
    public static TheoryData<double> Arguments => [1e-300, 1e-9, 0.1, 0.5, 0.7071067811865476, 0.99, 1, 1.0000001, 1.5, 2, 10, 12345.678, 1e17, 1e300];

    [Theory, MemberData(nameof(Arguments))]
    public void Log_and_exp_agree_with_the_platform_to_a_few_ulp(double x)
    {
        Near(Math.Log(x), DetMath.Log(x));
        Near(x < 1e-6 ? x - (x * x / 2) : Math.Log(1 + x), DetMath.Log1P(x));
        Near(Math.Exp(Math.Log(x)), DetMath.Exp(Math.Log(x)));
    }

    [Fact]
    public void Powers_side_by_side_have_the_bits_of_powers_one_by_one()
    {
        var random = new RandomStream(7, "lanes");
        Span<double> x = stackalloc double[Vector<double>.Count];
        for (var round = 0; round < 20_000; round++)
        {
            foreach (ref var lane in x) lane = (round % 3) switch { 0 => random.NextDouble(), 1 => random.NextExponential() * 1e6, _ => BitConverter.Int64BitsToDouble((long)(random.NextUInt64() >> 1)) };
            var y = (round % 7) switch { 0 => 0.7, 1 => 1, 2 => 0, _ => (random.NextDouble() - 0.5) * 20 };
            var together = DetMath.Pow(new Vector<double>(x), y);
            for (var i = 0; i < x.Length; i++) Assert.Equal(BitConverter.DoubleToInt64Bits(DetMath.Pow(x[i], y)), BitConverter.DoubleToInt64Bits(together[i]));
        }
    }

    [Fact]
    public void The_arrival_stream_gives_the_published_bits_and_poisson_times()
    {
        var stream = new RandomStream(42, "arrival");
        ulong[] expected = [0x1a912261b781e1c8, 0x192e6f7bb2c2b02b, 0x21e37daf71c915d1, 0x3524c6a14e8775f5];
        foreach (var bits in expected) Assert.Equal(bits, stream.NextUInt64());

        stream = new RandomStream(42, "arrival");
        double time = 0;
        long[] arrivals = [54783048, 106555685, 177554960, 293894651, 984991642, 1754738187];
        foreach (var arrival in arrivals)
        {
            time += stream.NextExponential() / 2;
            Assert.Equal(arrival, SimTime.FromSeconds(time).Nanoseconds);
        }
    }

    [Theory, InlineData("r1", 0.6660381923993304), InlineData("r2", 0.9156977177868231), InlineData("s-0001", 0.7276085388565015)]
    public void A_keyed_draw_depends_on_seed_and_key_alone(string key, double expected) =>
        Assert.Equal(expected, RandomStream.Keyed(42, key));

    private static void Near(double expected, double actual, double relative = 1e-15) =>
        Assert.True(Math.Abs(expected - actual) <= relative * Math.Max(Math.Abs(expected), 1e-300), $"{actual:R} instead of {expected:R}");
}
