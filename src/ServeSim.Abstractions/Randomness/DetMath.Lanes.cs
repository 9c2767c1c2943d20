using System.Numerics;

namespace ServeSim.Abstractions;

/// <summary>Several values side by side: the same operations in the same order, so the same bits as one by one.</summary>
public static partial class DetMath
{
    private const double SafeExponent = 700;    // no lane overflows or loses bits below

    /// <summary><see cref="Pow(double, double)"/> of each lane.</summary>
    public static Vector<double> Pow(Vector<double> x, double y)
    {
        var isNormal = Vector.GreaterThanOrEqualAll(x, new Vector<double>(2.2250738585072014e-308)) && Vector.LessThanOrEqualAll(x, new Vector<double>(double.MaxValue));
        if (isNormal && y is not (0 or 1))
        {
            var power = y * LogOfNormal(x);
            if (Vector.LessThanAll(Vector.Abs(power), new Vector<double>(SafeExponent))) return ExpOfSmall(power);
        }

        var result = Vector<double>.Zero;
        for (var i = 0; i < Vector<double>.Count; i++) result = result.WithElement(i, Pow(x[i], y));
        return result;
    }

    private static Vector<double> LogOfNormal(Vector<double> x)
    {
        var bits = Vector.AsVectorInt64(x);
        var exponent = Vector.ConvertToDouble(Vector.ShiftRightArithmetic(bits, 52) - new Vector<long>(1023));
        var mantissa = Vector.AsVectorDouble((bits & new Vector<long>(0x000F_FFFF_FFFF_FFFF)) | new Vector<long>(0x3FF0_0000_0000_0000));
        var isLarge = Vector.GreaterThan(mantissa, new Vector<double>(1.4142135623730951));
        mantissa = Vector.ConditionalSelect(isLarge, mantissa * 0.5, mantissa);
        exponent = Vector.ConditionalSelect(isLarge, exponent + Vector<double>.One, exponent);

        var f = mantissa - Vector<double>.One;
        var s = f / (new Vector<double>(2) + f);
        var z = s * s;
        var series = Vector<double>.Zero;
        for (var i = 25; i >= 3; i -= 2) series = (series + new Vector<double>(2.0 / i)) * z;
        var rest = s * (f - series);
        return (exponent * Ln2High) + (f - (rest - (exponent * Ln2Low)));
    }

    private static Vector<double> ExpOfSmall(Vector<double> x)
    {
        var k = Vector.Floor((x / new Vector<double>(Ln2High + Ln2Low)) + new Vector<double>(0.5));
        var r = x - (k * Ln2High) - (k * Ln2Low);
        var (term, sum) = (Vector<double>.One, Vector<double>.One);
        for (var i = 1; i <= MostTerms; i++)
        {
            term = term * r / new Vector<double>(i);
            sum += term;    // what is negligible for one lane changes no bit of it
            if (Vector.LessThanAll(Vector.Abs(term), new Vector<double>(Negligible))) break;
        }

        return sum * Vector.AsVectorDouble(Vector.ShiftLeft(Vector.ConvertToInt64(k) + new Vector<long>(1023), 52));
    }
}
