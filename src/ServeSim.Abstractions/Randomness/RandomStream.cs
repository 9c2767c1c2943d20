using System.Text;

namespace ServeSim.Abstractions;

/// <summary>
/// A named stream of random numbers: xoshiro256** seeded by four SplitMix64 outputs from seed XOR FNV-1a(name).
/// The same name and seed give the same numbers on every machine; streams do not disturb one another.
/// </summary>
public sealed class RandomStream
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Opens a stream.</summary>
    public RandomStream(ulong seed, string name)
    {
        var state = seed ^ Fnv1a(name);
        _s0 = SplitMix64(ref state);
        _s1 = SplitMix64(ref state);
        _s2 = SplitMix64(ref state);
        _s3 = SplitMix64(ref state);
    }

    /// <summary>The next 64 bits.</summary>
    public ulong NextUInt64()
    {
        unchecked
        {
            var result = ulong.RotateLeft(_s1 * 5, 7) * 9;
            var t = _s1 << 17;
            _s2 ^= _s0;
            _s3 ^= _s1;
            _s1 ^= _s2;
            _s0 ^= _s3;
            _s2 ^= t;
            _s3 = ulong.RotateLeft(_s3, 45);
            return result;
        }
    }

    /// <summary>Uniform in [0, 1) with 53 bits.</summary>
    public double NextDouble() => ToUnit(NextUInt64());

    /// <summary>Uniform integer in [0, bound), without bias.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var limit = ulong.MaxValue - (ulong.MaxValue % (uint)bound);
        ulong draw;
        do draw = NextUInt64(); while (draw >= limit);
        return (int)(draw % (uint)bound);
    }

    /// <summary>Exponential with mean 1.</summary>
    public double NextExponential() => -DetMath.Log1P(-NextDouble());

    /// <summary>A draw in [0, 1) that depends on the seed and a key alone.</summary>
    public static double Keyed(ulong seed, string key)
    {
        var state = seed ^ Fnv1a(key);
        return ToUnit(SplitMix64(ref state));
    }

    /// <summary>A draw in [0, 1) that depends on the seed and a number alone, made without allocating.</summary>
    public static double Keyed(ulong seed, long key)
    {
        var state = seed;
        state = SplitMix64(ref state) ^ unchecked((ulong)key);
        return ToUnit(SplitMix64(ref state));
    }

    internal static ulong SplitMix64(ref ulong state)
    {
        unchecked
        {
            state += 0x9E3779B97F4A7C15;
            var z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    internal static ulong Fnv1a(string text)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var b in Encoding.UTF8.GetBytes(text)) hash = unchecked((hash ^ b) * 0x100000001B3);
        return hash;
    }

    private static double ToUnit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));
}
