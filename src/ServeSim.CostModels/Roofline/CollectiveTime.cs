using ServeSim.CostModels.Hardware;

namespace ServeSim.CostModels.Roofline;

/// <summary>Time of collectives between the devices that share a layer: measured fits where there are any, formulas elsewhere.</summary>
internal sealed class CollectiveTime
{
    private const double CustomLimitBytes = 8 * 1024 * 1024;    // larger messages go through NCCL
    private const double StartMicroseconds = 5;                 // GenZ's constants for the formulas
    private const double HopMicroseconds = 1.9;

    private readonly int _devices;
    private readonly double _bytesPerMicrosecond;
    private readonly CollectiveFit? _custom;
    private readonly CollectiveFit? _nccl;
    private readonly CollectiveFit? _gather;

    public CollectiveTime(AcceleratorSpec gpu, int devices)
    {
        _devices = devices;
        _bytesPerMicrosecond = gpu.PeerBytesPerSecond(devices) / 1e6;
        if (devices == 1) return;    // nobody to talk to
        _custom = CollectiveFits.Find(gpu.Name, "custom", "all_reduce", devices);
        _nccl = CollectiveFits.Find(gpu.Name, "nccl", "all_reduce", devices);
        _gather = CollectiveFits.Find(gpu.Name, "nccl", "all_gather", devices)
            ?? (_nccl is null ? null : _nccl with { Operation = "all_gather" });
    }

    /// <summary>True when the all-reduce rests on a measurement.</summary>
    public bool IsMeasured => _nccl is not null;

    /// <summary>All-reduce of a message of so many bytes.</summary>
    public double AllReduceMicroseconds(double bytes)
    {
        if (_nccl is null) return Formula(bytes);
        var nccl = _nccl.Microseconds(bytes);

        // Engines fall back to NCCL where their own kernel is slow (PCIe with more than two devices).
        return _custom is not null && bytes <= CustomLimitBytes ? Math.Min(_custom.Microseconds(bytes), nccl) : nccl;
    }

    /// <summary>All-gather whose result has so many bytes.</summary>
    public double AllGatherMicroseconds(double bytes) => _gather?.Microseconds(bytes)
        ?? StartMicroseconds + ((_devices - 1) * HopMicroseconds) + ((_devices - 1.0) / _devices * bytes / _bytesPerMicrosecond);

    /// <summary>Ring all-reduce: twice n − 1 hops, each device sends twice (n − 1)/n of the message.</summary>
    public static double RingMicroseconds(int devices, double bytes, double start, double hop, double bytesPerMicrosecond) =>
        start + (2.0 * (devices - 1) * hop) + (2.0 * (devices - 1) / devices * bytes / bytesPerMicrosecond);

    /// <summary>Tree all-reduce: up and down ⌈log2 n⌉ hops with the whole message.</summary>
    public static double TreeMicroseconds(int devices, double bytes, double start, double hop, double bytesPerMicrosecond)
    {
        var depth = 0;
        while ((1 << depth) < devices) depth++;
        return start + (2.0 * depth * (hop + (bytes / bytesPerMicrosecond)));
    }

    /// <summary>Star all-reduce over one master: two hops, but its link carries every other device's message twice. For links whose latency is all.</summary>
    public static double StarMicroseconds(int devices, double bytes, double hop, double bytesPerMicrosecond) =>
        2 * (hop + ((devices - 1) * bytes / bytesPerMicrosecond));

    private double Formula(double bytes)
    {
        var ring = RingMicroseconds(_devices, bytes, StartMicroseconds, HopMicroseconds, _bytesPerMicrosecond);
        var tree = TreeMicroseconds(_devices, bytes, StartMicroseconds, HopMicroseconds, _bytesPerMicrosecond);
        var oneShot = StartMicroseconds + HopMicroseconds + ((_devices - 1) * bytes / _bytesPerMicrosecond);
        return Math.Min(ring, Math.Min(tree, oneShot));
    }
}
