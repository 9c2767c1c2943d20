using ServeSim.Abstractions;

namespace ServeSim.Reporting.Tenants;

/// <summary>
/// Service received by each tenant over time, from the records of ended requests in any order. Memory grows with the
/// tenants, not with the requests.
/// </summary>
internal sealed class TenantMeter(TenantOptions options, bool exactSamples)
{
    private const double UnitsPerToken = 1024;    // prices are rounded to this part of a token, amounts stay whole
    private const int FirstShift = 24;            // bins of about 17 ms

    private readonly SortedDictionary<string, TenantTally> _tenants = new(StringComparer.Ordinal);
    private readonly long _inputPrice = ToUnits(options.InputPrice);
    private readonly long _outputPrice = ToUnits(options.OutputPrice);
    private int _shift = FirstShift;
    private long _reached;
    private TenantTally? _latest;

    /// <summary>Takes in a request that has ended.</summary>
    public void Add(in RequestRecord request)
    {
        var name = request.Tenant ?? "default";
        var tenant = _latest = _latest?.Name == name ? _latest : Tenant(name);
        tenant.Add(request);
        Reach(request.Arrival.Nanoseconds);
        tenant.Requested.Add(request.Arrival.Nanoseconds, request.Arrival.Nanoseconds, Units(request.InputTokens, request.OutputTokens), _shift);
        if (request.FirstToken is not { } first) return;
        var end = (request.Finished ?? request.Ended).Nanoseconds;
        Reach(end);
        tenant.Served.Add(first.Nanoseconds, end, Units(request.InputTokens, request.GeneratedTokens), _shift);
    }

    /// <summary>Null with fewer than two tenants.</summary>
    public FairnessSummary? ToSummary(double durationSeconds, SimTime firstArrival, SimTime lastArrival, IReadOnlyList<double> percentiles)
    {
        if (_tenants.Count < 2) return null;
        var served = _tenants.Values.Select(t => new Curve(t.Served.Cumulate(_shift), t.Weight, _shift)).ToList();
        var requested = _tenants.Values.Select(t => new Curve(t.Requested.Cumulate(_shift), t.Weight, _shift)).ToList();
        var differences = Enumerable.Range(0, ServiceCurve.Bins).Select(i => served.Max(c => c.AtEndOf(i)) - served.Min(c => c.AtEndOf(i))).ToList();
        var widest = differences.IndexOf(differences.Max());
        return new FairnessSummary
        {
            InputPrice = _inputPrice / UnitsPerToken,
            OutputPrice = _outputPrice / UnitsPerToken,
            ResolutionSeconds = (1L << _shift) / 1e9,
            JainIndex = FairnessSummary.Jain([.. served.Select(c => c.Total)]),
            MaxServiceDifference = differences[widest],
            MaxServiceDifferenceDuringArrivals = differences.Take((int)(lastArrival.Nanoseconds >> _shift)).DefaultIfEmpty().Max(),
            MaxServiceDifferenceAtSeconds = ((widest + 1L) << _shift) / 1e9,
            Windowed = Windowed(served, requested, firstArrival.Seconds, lastArrival.Seconds),
            Tenants = [.. _tenants.Values.Zip(served, (t, c) => t.ToSummary(c.Total * t.Weight, durationSeconds, percentiles))],
        };
    }

    private TenantTally Tenant(string name)
    {
        if (!_tenants.TryGetValue(name, out var tenant)) _tenants.Add(name, tenant = new(name, options.Weights[name], exactSamples));
        return tenant;
    }

    private static WindowedDifference? Windowed(List<Curve> served, List<Curve> requested, double start, double end)
    {
        if (end <= start) return null;
        const double half = WindowedDifference.WindowSeconds / 2;
        var lacks = new double[WindowedDifference.Parts - 1];
        for (var i = 0; i < lacks.Length; i++)
        {
            var time = start + ((end - start) * (i + 1) / WindowedDifference.Parts);
            var rates = served.Select(c => c.Rate(time - half, time + half)).ToList();
            var demands = requested.Select(c => c.Rate(time - half, time + half)).ToList();
            var best = rates.Max();
            lacks[i] = rates.Zip(demands, (rate, demand) => Math.Min(best - rate, demand - rate)).Max();
        }

        var mean = lacks.Average();
        return new(lacks.Max(), mean, lacks.Sum(x => (x - mean) * (x - mean)) / lacks.Length);
    }

    private static long ToUnits(double price) => (long)Math.Round(price * UnitsPerToken, MidpointRounding.ToEven);

    private long Units(int input, int output) => (input * _inputPrice) + (output * _outputPrice);

    private void Reach(long time)
    {
        if (time > _reached) _reached = time;
        while (_reached >> _shift >= ServiceCurve.Bins)
        {
            _shift++;
            foreach (var tenant in _tenants.Values)
            {
                tenant.Served.Coarsen();
                tenant.Requested.Coarsen();
            }
        }
    }

    /// <summary>Service since the start, in tokens over weight.</summary>
    private readonly record struct Curve(long[] Sums, double Weight, int Shift)
    {
        public double Total => AtEndOf(ServiceCurve.Bins - 1);

        public double AtEndOf(int bin) => bin < 0 ? 0 : Sums[bin] / UnitsPerToken / Weight;

        public double Rate(double from, double to) => (At(to) - At(from)) / (to - from);

        private double At(double seconds)
        {
            var bins = seconds * 1e9 / (1L << Shift);
            if (bins <= 0) return 0;
            if (bins >= ServiceCurve.Bins) return Total;
            var whole = (int)bins;
            return AtEndOf(whole - 1) + ((AtEndOf(whole) - AtEndOf(whole - 1)) * (bins - whole));
        }
    }
}
