namespace ServeSim.CostModels.Memory;

/// <summary>Bit planes of an expert that a layer needs (D2MoE, arXiv 2504.15299).</summary>
/// <param name="Tokens">Tokens that use it.</param>
/// <param name="Bits">Bits that it is needed in.</param>
/// <param name="Load">Time to fetch the planes that are not resident; 0 if all are.</param>
/// <param name="Compute">Time of its tokens.</param>
public readonly record struct PlaneJob(int Tokens, int Bits, double Load, double Compute);

/// <summary>Loads and computes the experts of a layer in two overlapping stages: a plane is fetched while the expert before is computed.</summary>
public static class ExpertPlanes
{
    /// <summary>Hottest expert, lowest bits first; what is resident goes before everything.</summary>
    public static PlaneJob[] HottestFirst(IEnumerable<PlaneJob> jobs) => [.. jobs.OrderBy(job => job.Load > 0).ThenByDescending(job => job.Tokens).ThenBy(job => job.Bits)];

    /// <summary>Time until the last expert is computed, in the unit of the jobs' times.</summary>
    public static double Time(IEnumerable<PlaneJob> queue)
    {
        double loaded = 0, computed = 0;
        foreach (var job in queue)
        {
            loaded += job.Load;
            computed = Math.Max(computed, loaded) + job.Compute;
        }

        return computed;
    }
}
