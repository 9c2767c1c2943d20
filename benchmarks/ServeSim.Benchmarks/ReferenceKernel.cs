namespace ServeSim.Benchmarks;

/// <summary>
/// Fixed work that stands for the speed of a machine: dependent loads, branches and integer arithmetic in the mix of a
/// simulation loop. It must never change: results on different machines are compared in passes of it.
/// </summary>
internal static class ReferenceKernel
{
    private const int Slots = 1 << 17;    // one MiB: beyond the first cache level, inside the second or third
    private const int Steps = 1_000_000;

    private static readonly long[] _slots = new long[Slots];
    private static long _sink;

    /// <summary>Processor time of the fastest of a few passes, as the runs are measured.</summary>
    public static double Seconds()
    {
        var best = double.MaxValue;
        for (var pass = 0; pass < 9; pass++)
        {
            var start = Environment.CpuUsage.TotalTime;
            Pass();
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalSeconds);
        }

        return best;
    }

    private static void Pass()
    {
        unchecked
        {
            for (var i = 0; i < Slots; i++) _slots[i] = (i * 48_271L) + 11;
            long x = 88_172_645_463_325_252, sum = 0;
            for (var i = 0; i < Steps; i++)
            {
                x ^= x << 13;
                x ^= (long)((ulong)x >> 7);
                x ^= x << 17;
                ref var slot = ref _slots[(int)((x + sum) & (Slots - 1))];
                if ((slot & 3) == 0) sum += slot / 3;
                else sum ^= slot;
                slot = sum + i;
            }

            _sink = sum;
        }
    }

    /// <summary>Keeps the work from being optimised away.</summary>
    public static long Sink => _sink;
}
