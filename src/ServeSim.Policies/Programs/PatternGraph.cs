using ServeSim.Abstractions;

namespace ServeSim.Policies.Programs;

/// <summary>One model call of a task.</summary>
/// <param name="InputTokens">Prompt tokens.</param>
/// <param name="OutputTokens">Output tokens; null while it runs.</param>
public readonly record struct PatternNode(double InputTokens, double? OutputTokens);

/// <summary>How close two calls must be to be alike.</summary>
/// <param name="InputSpread">Standard deviation of the kernel over prompts, tokens.</param>
/// <param name="OutputSpread">The same over outputs.</param>
public readonly record struct PatternKernel(double InputSpread = 1, double OutputSpread = 1)
{
    private const double InputPart = 0.3;
    private const double OutputPart = 0.7;

    /// <summary>0 to 1; an unknown output is like none.</summary>
    public double Similarity(in PatternNode a, in PatternNode b) =>
        (InputPart * Gauss(a.InputTokens - b.InputTokens, InputSpread))
        + (a.OutputTokens is { } mine && b.OutputTokens is { } theirs ? OutputPart * Gauss(mine - theirs, OutputSpread) : 0);

    private static double Gauss(double distance, double spread) => DetMath.Exp(-(distance * distance) / (2 * spread * spread));
}

/// <summary>
/// The calls of a task by stage, with the time each stage took: a task in progress is matched to finished ones, whose times
/// split its deadline over its stages (JITServe, NSDI 2026).
/// </summary>
/// <param name="stages">The calls of each stage.</param>
/// <param name="stageTimes">Time of each stage, in any unit; empty for a task in progress.</param>
public sealed class PatternGraph(IReadOnlyList<PatternNode[]> stages, params double[] stageTimes)
{
    private const int MostPermuted = 6;

    /// <summary>The calls of each stage.</summary>
    public IReadOnlyList<PatternNode[]> Stages => stages;

    /// <summary>
    /// Similarity of this task, as far as it has come, to the beginning of a finished one: 0 if that has fewer stages or a stage
    /// with another number of calls.
    /// </summary>
    public double PrefixSimilarity(PatternGraph finished, PatternKernel kernel)
    {
        if (finished.Stages.Count < stages.Count) return 0;
        double sum = 0;
        for (var i = 0; i < stages.Count; i++)
        {
            if (stages[i].Length != finished.Stages[i].Length) return 0;
            sum += StageSimilarity(stages[i], finished.Stages[i], kernel);
        }

        return sum;
    }

    /// <summary>Similarity to a whole finished task: 0 if the numbers of stages differ; a stage with another number of calls adds nothing.</summary>
    public double WholeSimilarity(PatternGraph finished, PatternKernel kernel)
    {
        if (finished.Stages.Count != stages.Count) return 0;
        double sum = 0;
        for (var i = 0; i < stages.Count; i++)
            if (stages[i].Length == finished.Stages[i].Length) sum += StageSimilarity(stages[i], finished.Stages[i], kernel);
        return sum;
    }

    /// <summary>The most similar of some finished tasks, the first of equals; -1 if none shares the beginning.</summary>
    public int BestMatch(IReadOnlyList<PatternGraph> finished, PatternKernel kernel)
    {
        var (best, highest) = (-1, 0.0);
        for (var i = 0; i < finished.Count; i++)
            if (PrefixSimilarity(finished[i], kernel) is var similarity && similarity > highest) (best, highest) = (i, similarity);
        return best;
    }

    /// <summary>Part of the whole time that has passed when stage <paramref name="stage"/> (from 0) ends.</summary>
    public double TimeThrough(int stage)
    {
        double through = 0, all = 0;
        for (var i = 0; i < stageTimes.Length; i++)
        {
            all += stageTimes[i];
            if (i <= stage) through += stageTimes[i];
        }

        return through / all;
    }

    /// <summary>When a stage of a task like this one must end for the task to meet its deadline.</summary>
    public SimTime SubDeadline(SimTime arrival, SimDuration limit, int stage) => arrival + SimDuration.FromSeconds(limit.Seconds * TimeThrough(stage));

    /// <summary>The best one-to-one pairing of the calls of two stages; above six calls each takes the best that is left, in order.</summary>
    public static double StageSimilarity(ReadOnlySpan<PatternNode> query, ReadOnlySpan<PatternNode> stage, PatternKernel kernel)
    {
        var isTaken = new bool[stage.Length];
        return stage.Length <= MostPermuted ? Best(query, stage, isTaken, kernel) : Greedy(query, stage, isTaken, kernel);
    }

    private static double Best(ReadOnlySpan<PatternNode> query, ReadOnlySpan<PatternNode> stage, bool[] isTaken, PatternKernel kernel)
    {
        if (query.IsEmpty) return 0;
        double best = 0;
        for (var i = 0; i < stage.Length; i++)
        {
            if (isTaken[i]) continue;
            isTaken[i] = true;
            best = Math.Max(best, kernel.Similarity(query[0], stage[i]) + Best(query[1..], stage, isTaken, kernel));
            isTaken[i] = false;
        }

        return best;
    }

    private static double Greedy(ReadOnlySpan<PatternNode> query, ReadOnlySpan<PatternNode> stage, bool[] isTaken, PatternKernel kernel)
    {
        double sum = 0;
        foreach (ref readonly var node in query)
        {
            var (best, highest) = (-1, double.NegativeInfinity);
            for (var i = 0; i < stage.Length; i++)
                if (!isTaken[i] && kernel.Similarity(node, stage[i]) is var similarity && similarity > highest) (best, highest) = (i, similarity);
            if (best < 0) break;
            isTaken[best] = true;
            sum += highest;
        }

        return sum;
    }
}
