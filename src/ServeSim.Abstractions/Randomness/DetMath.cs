namespace ServeSim.Abstractions;

/// <summary>
/// Elementary functions from + - * / alone, so that every machine returns the same bits (the runtime's own call
/// the platform's library). Relative error a few units in the last place.
/// </summary>
public static partial class DetMath
{
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;
    private const int MostTerms = 22;
    private const double Negligible = 1e-17;    // less than half a unit in the last place of any sum here: further terms change no bit

    /// <summary>Natural logarithm; NaN below zero, negative infinity at zero.</summary>
    public static double Log(double x)
    {
        if (double.IsNaN(x) || x < 0) return double.NaN;
        if (x == 0) return double.NegativeInfinity;
        if (double.IsPositiveInfinity(x)) return x;
        var (mantissa, exponent) = Split(x);
        return LogOfSum(mantissa - 1, 0, exponent);
    }

    /// <summary>log(1 + x) without loss near zero.</summary>
    public static double Log1P(double x)
    {
        if (double.IsNaN(x) || x < -1) return double.NaN;
        if (x == -1) return double.NegativeInfinity;
        if (double.IsPositiveInfinity(x)) return x;
        if (x is > -0.29 and < 0.41) return LogOfSum(x, 0, 0);
        var sum = 1 + x;
        var lost = x > 1 ? 1 - (sum - x) : x - (sum - 1);    // what rounding the sum dropped
        var (mantissa, exponent) = Split(sum);
        return LogOfSum(mantissa - 1, lost / sum, exponent);
    }

    /// <summary>e to the x.</summary>
    public static double Exp(double x)
    {
        if (double.IsNaN(x)) return x;
        if (x > 709.782712893384) return double.PositiveInfinity;
        if (x < -745.1332191019412) return 0;
        var k = (int)Math.Floor((x / (Ln2High + Ln2Low)) + 0.5);
        var r = x - (k * Ln2High) - (k * Ln2Low);
        double term = 1, sum = 1;
        for (var i = 1; i <= MostTerms; i++)
        {
            term = term * r / i;
            sum += term;
            if (Math.Abs(term) < Negligible) break;
        }

        return k < -1021 ? sum * PowerOfTwo(k + 60) * PowerOfTwo(-60) : k > 1023 ? sum * PowerOfTwo(1023) * 2 : sum * PowerOfTwo(k);
    }

    /// <summary>x to the power y for positive x.</summary>
    public static double Pow(double x, double y) => y == 0 || x == 1 ? 1 : y == 1 ? x : x == 0 ? 0 : Exp(y * Log(x));

    private static double PowerOfTwo(int exponent) => BitConverter.Int64BitsToDouble((exponent + 1023L) << 52);

    /// <summary>x = mantissa · 2^exponent with the mantissa in [√½, √2).</summary>
    private static (double Mantissa, int Exponent) Split(double x)
    {
        var shift = 0;
        if (x < 2.2250738585072014e-308)
        {
            x *= 18014398509481984.0;    // 2^54
            shift = -54;
        }

        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52) - 1023 + shift;
        var mantissa = BitConverter.Int64BitsToDouble((bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000);
        return mantissa > 1.4142135623730951 ? (mantissa / 2, exponent + 1) : (mantissa, exponent);
    }

    /// <summary>log(1 + f) + correction + exponent · ln 2, by the series of 2·artanh(f / (2 + f)).</summary>
    private static double LogOfSum(double f, double correction, int exponent)
    {
        var s = f / (2 + f);
        var z = s * s;
        double series = 0;
        for (var i = 25; i >= 3; i -= 2) series = (series + (2.0 / i)) * z;

        // log(1+f) = f - s·(f - series): the large part f is exact, only the small rest is rounded.
        var rest = s * (f - series);
        return (exponent * Ln2High) + (f - (rest - ((exponent * Ln2Low) + correction)));
    }
}
