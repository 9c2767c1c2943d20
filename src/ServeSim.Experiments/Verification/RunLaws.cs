using ServeSim.Abstractions;
using ServeSim.Engine;

namespace ServeSim.Experiments.Verification;

/// <summary>A run as the laws look at it.</summary>
/// <param name="Result">How it ended.</param>
/// <param name="Seen">Everything it reported.</param>
/// <param name="Offered">Requests of its source.</param>
/// <param name="TotalBlocks">KV blocks of one instance.</param>
/// <param name="PipelineStages">Iterations that may be in flight on one instance.</param>
public sealed record RunFacts(RunResult Result, RecordingObserver Seen, int Offered, int TotalBlocks, int PipelineStages);

/// <summary>
/// The laws of <c>docs/invariants.md</c> that can be read off one complete run. Each returns what breaks it, or null.
/// </summary>
public static class RunLaws
{
    /// <summary>Every request ends exactly once, in an order of times that makes sense (INV-2).</summary>
    public static string? Requests(RunFacts run)
    {
        var (result, seen) = (run.Result, run.Seen);
        if (result.Arrived != run.Offered) return $"{result.Arrived} of {run.Offered} requests arrived";
        if (result.Arrived != result.Finished + result.Rejected || result.Unfinished != 0)
            return $"{result.Arrived} arrived, {result.Finished} finished, {result.Rejected} were refused, {result.Unfinished} are unfinished";
        if (seen.Requests.Select(r => r.Number).Distinct().Count() != run.Offered || seen.Requests.Count != run.Offered)
            return $"{seen.Requests.Count} ends were reported for {run.Offered} requests";
        foreach (var r in seen.Requests.Where(r => r.Outcome == RequestOutcome.Finished))
        {
            if (!(r.Arrival <= r.Scheduled && r.Scheduled <= r.FirstToken && r.FirstToken <= r.Finished)) return $"request {r.Number} was scheduled, answered and finished in a wrong order";
            if (!(r.Ttft <= r.E2e && r.MaxTbt <= r.E2e - r.Ttft)) return $"request {r.Number} has a gap longer than its whole answer";
            if (r.OnTimeTokens > r.GeneratedTokens) return $"request {r.Number} has {r.OnTimeTokens} tokens on time of {r.GeneratedTokens}";
            if (r.GeneratedTokens == 1 && (r.Tpot is not null || r.MaxTbt != SimDuration.Zero)) return $"request {r.Number} has a gap although it has one token";
        }

        return null;
    }

    /// <summary>Nobody is refused without a reason.</summary>
    public static string? Refusals(RunFacts run)
    {
        foreach (var r in run.Seen.Requests)
        {
            if (r.Outcome == RequestOutcome.Rejected && string.IsNullOrWhiteSpace(r.Reason)) return $"request {r.Number} was refused without a reason";
        }

        return null;
    }

    /// <summary>Every token comes out once; every context token is computed once, and once more for each time it was dropped (INV-3, INV-6).</summary>
    public static string? Tokens(RunFacts run)
    {
        var seen = run.Seen;
        var finished = seen.Requests.Where(r => r.Outcome == RequestOutcome.Finished).ToList();
        foreach (var r in finished)
        {
            if (r.GeneratedTokens != r.OutputTokens) return $"request {r.Number} finished with {r.GeneratedTokens} of {r.OutputTokens} tokens";
        }

        var (asked, emitted) = (finished.Sum(r => (long)r.OutputTokens), seen.Iterations.Sum(i => (long)i.EmittedTokens));
        if (asked != emitted) return $"{emitted} tokens came out, {asked} were asked for";
        if (finished.Sum(r => r.OutputTokens - 1L) != seen.GapCount) return $"{seen.GapCount} gaps between {asked} tokens of {finished.Count} requests";
        if (seen.GapSum != finished.Sum(r => (r.E2e!.Value - r.Ttft!.Value).Nanoseconds)) return "the gaps do not add up to the answers' times";
        var needed = finished.Sum(r => r.InputTokens + r.OutputTokens - 1L) + seen.Requests.Sum(r => r.RecomputedTokens);    // who was preempted and then refused had dropped all
        var computed = seen.Iterations.Sum(i => (long)i.PrefillTokens - i.PendingTokens + i.DecodeSequences);
        if (seen.Requests.Sum(r => (long)r.Preemptions) < seen.Iterations.Sum(i => (long)i.Preemptions)) return "more preemptions were carried out than requests were preempted";
        return needed == computed ? null : $"{computed} tokens were computed, {needed} were needed, recomputation included";
    }

    /// <summary>KV blocks in use never exceed those that exist (INV-4).</summary>
    public static string? Blocks(RunFacts run)
    {
        foreach (var i in run.Seen.Iterations)
        {
            if (i.UsedBlocks > run.TotalBlocks || i.UsedBlocks < 0) return $"{i.UsedBlocks} blocks in use at {i.Start} s, {run.TotalBlocks} exist";
        }

        return null;
    }

    /// <summary>Time runs forwards, an instance has no more iterations in flight than stages, and Little's law holds (INV-1, INV-7, INV-12).</summary>
    public static string? Time(RunFacts run)
    {
        foreach (var instance in run.Seen.Iterations.GroupBy(i => i.Instance))
        {
            var list = instance.ToList();
            for (var i = 0; i < list.Count; i++)
            {
                if (list[i].Start > list[i].End || (i > 0 && list[i - 1].End > list[i].End)) return $"an iteration that starts at {list[i].Start} s runs backwards";
                if (i >= run.PipelineStages && list[i - run.PipelineStages].End > list[i].Start) return $"more than {run.PipelineStages} iterations in flight at {list[i].Start} s";
            }
        }

        return LittleHolds(run.Seen) ? null : "the time integral of requests in the system is not the sum of the times they spent in it";
    }

    private static bool LittleHolds(RecordingObserver seen)
    {
        var events = seen.Requests.Where(r => r.Finished is not null)
            .SelectMany(r => new[] { (Time: r.Finished!.Value, Step: -1), (Time: r.Arrival, Step: +1) }).OrderBy(e => e.Time).ToList();
        Int128 area = 0;
        var inSystem = 0;
        for (var i = 0; i < events.Count; i++)
        {
            if (i > 0) area += (Int128)inSystem * (events[i].Time - events[i - 1].Time).Nanoseconds;
            inSystem += events[i].Step;
        }

        return area == seen.Requests.Where(r => r.Finished is not null).Sum(r => r.E2e!.Value.Nanoseconds);
    }

    /// <summary>Where two runs of which one should equal the other differ first, or null.</summary>
    public static string? FirstDifference(RecordingObserver expected, RecordingObserver actual) =>
        Difference(expected.Iterations, actual.Iterations, "iteration")
        ?? Difference(expected.Requests, actual.Requests, "end of a request")
        ?? Difference(expected.Gaps, actual.Gaps, "gap")
        ?? Difference(expected.Arrivals, actual.Arrivals, "arrival");

    /// <summary>
    /// What the first run did before the two could differ: lengths that differ show when one run's request has ended and the
    /// other's has not. A difference before that moment is knowledge of the future (INV-9).
    /// </summary>
    public static string? Foresight(RecordingObserver one, RecordingObserver other)
    {
        var visible = FirstVisible(one, other);
        var (before, beforeOther) = (Before(one, visible), Before(other, visible));
        return Difference(before, beforeOther, "iteration") is { } difference ? $"{difference}, although no request had yet ended differently" : null;
    }

    private static SimTime FirstVisible(RecordingObserver one, RecordingObserver other)
    {
        var (ends, others) = (Ends(one), Ends(other));
        for (var i = 0; i < Math.Min(ends.Count, others.Count); i++)
        {
            if (ends[i] != others[i]) return ends[i].Time < others[i].Time ? ends[i].Time : others[i].Time;
        }

        return ends.Count == others.Count ? SimTime.Never : (ends.Count < others.Count ? others[ends.Count] : ends[others.Count]).Time;
    }

    /// <summary>A refusal has no time of its own in the record; its request's arrival is the earliest it can be.</summary>
    private static List<(SimTime Time, long Number)> Ends(RecordingObserver seen) =>
        [.. seen.Requests.Select(r => (r.Finished ?? r.Arrival, r.Number)).OrderBy(e => e)];

    private static List<IterationRecord> Before(RecordingObserver seen, SimTime time) =>
        [.. seen.Iterations.Where(i => i.Start < time).OrderBy(i => i.Start).ThenBy(i => i.Instance)];

    private static string? Difference<T>(List<T> expected, List<T> actual, string what)
    {
        for (var i = 0; i < Math.Min(expected.Count, actual.Count); i++)
        {
            if (!EqualityComparer<T>.Default.Equals(expected[i], actual[i])) return $"{what} {i}: {expected[i]} became {actual[i]}";
        }

        return expected.Count == actual.Count ? null : $"{expected.Count} became {actual.Count} of the kind {what}";
    }
}
