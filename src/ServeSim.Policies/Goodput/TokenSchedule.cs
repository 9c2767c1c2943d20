using ServeSim.Abstractions;

namespace ServeSim.Policies.Goodput;

/// <summary>When the tokens of a latency request are due.</summary>
public static class TokenSchedule
{
    extension(in RequestView request)
    {
        /// <summary>Arrival + TTFT limit + index times the pace, from index 0; null where nothing is due.</summary>
        public SimTime? TokenDue(int index) =>
            request.Slo.Ttft is not { } first ? null
            : index == 0 ? request.Arrival + first
            : request.Slo.Pace is { } pace ? request.Arrival + first + (pace * index) : null;
    }
}
