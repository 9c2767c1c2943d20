using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Workloads;

namespace ServeSim.Conformance.Support;

/// <summary>A small random world: bursty arrivals, long and short requests, and KV memory that is hardly enough.</summary>
internal sealed record RandomCase(int Seed, IReadOnlyList<RequestSpec> Requests, EngineOptions Options, ICostModel Cost)
{
    /// <summary>Clients that wait for their answers before they send the next request of the list; 0: requests come at their times.</summary>
    public int Clients { get; init; }

    public ITrafficSource MakeSource() => Clients == 0 ? new ListSource(Requests)
        : new ClosedLoopTrafficSource(Clients, Requests.Count, i => (Requests[(int)i].InputTokens, Requests[(int)i].OutputTokens));

    /// <summary>Clients that wait about as long as things take here.</summary>
    public static ClientPatience DrawPatience(RandomStream random) => new(
        random.NextInt(4) == 0 ? null : SimDuration.FromMilliseconds(1 + random.NextInt(300)),
        random.NextInt(3) == 0 ? null : SimDuration.FromMilliseconds(1 + random.NextInt(20)));

    public static RandomCase Make(int seed, int largestRequestTokens = int.MaxValue)
    {
        var random = new RandomStream((ulong)seed, "case");
        var blockSize = 1 << random.NextInt(5);
        var longest = Math.Min(largestRequestTokens, 20 + random.NextInt(200));
        var requests = new List<RequestSpec>();
        double time = 0;
        var count = 1 + random.NextInt(60);
        for (var i = 0; i < count; i++)
        {
            if (random.NextInt(3) > 0) time += random.NextExponential() * 0.02;
            var total = 2 + random.NextInt(longest - 1);
            var output = 1 + random.NextInt(total - 1);
            requests.Add(new RequestSpec
            {
                Arrival = SimTime.FromSeconds(time),
                InputTokens = total - output,
                OutputTokens = output,
                MaxOutputTokens = random.NextInt(2) == 0 ? output + random.NextInt(50) : null,
                Priority = random.NextInt(3),
                Tenant = $"t{random.NextInt(3)}",
                Slo = random.NextInt(2) == 0 ? new SloLimits(SimDuration.FromMilliseconds(1 + random.NextInt(200)), SimDuration.FromMilliseconds(1 + random.NextInt(40))) : null,
            });
        }

        var largest = requests.Max(r => r.InputTokens + r.OutputTokens);
        var blocks = ((largest + blockSize - 1) / blockSize) + 1 + random.NextInt(1 + (3 * largest / blockSize));
        var stages = random.NextInt(4) == 0 ? 2 : 1;
        return new(seed, requests, new EngineOptions
        {
            Instances = 1 + random.NextInt(3),
            BlockSize = blockSize,
            TotalBlocks = blocks,
            HostBlocks = random.NextInt(2) * random.NextInt(2 * blocks),
            Watermark = random.NextInt(4) == 0 ? 0.0 : null,
            BytesPerBlock = 1000 * blockSize,
            HostLinkBytesPerSecond = 1e7,
            HostLinkLatency = SimDuration.FromMicroseconds(10),
            SignalPeriod = random.NextInt(3) == 0 ? SimDuration.FromMilliseconds(30) : SimDuration.Zero,
            LivelockLimit = 20_000,
        }, new FormulaCost(random.NextInt(5), 0.05, 0.03, 0.00025, 2e-6, stages, longest: 0.003));
    }
}
