using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

/// <param name="TokenBudget">Tokens of one iteration, decodes included.</param>
/// <param name="PatienceSeconds">Who has waited longer goes first, whatever the prompt.</param>
public sealed record PatientShortestOptions([Range(1, int.MaxValue)] int TokenBudget = 2048, [Range(0.0, double.MaxValue)] double PatienceSeconds = 2);

/// <summary>
/// Short prompts first, because they are quick to serve, but nobody is overtaken for longer than the patience.
/// </summary>
[Policy("patient-shortest", "Decodes everyone, then admits the shortest prompt, or whoever has waited too long.")]
public sealed class PatientShortestPolicy(PatientShortestOptions options) : IBatchPolicy
{
    public void Plan(in InstanceView view, BatchPlan plan)
    {
        // Running requests first, in the order of their admission. A verb that cannot be granted says so and changes nothing.
        foreach (var request in view.Running)
        {
            if (plan.IsPreempted(request)) continue;
            if (request.IsPrefilling) plan.TryPrefill(request, options.TokenBudget - plan.TokenCount);
            else if (!plan.TryDecode(request)) plan.Preempt(request);    // no block left: it starts again later
        }

        // While somebody has just lost the memory, nobody new gets any. Memory for the whole prompt is taken at once.
        while (plan.PreemptCount == 0 && plan.TokenCount < options.TokenBudget && Next(view, plan) is { } chosen)
        {
            if (!plan.Reserve(chosen, chosen.KnownTokens)) break;
            plan.TryPrefill(chosen, options.TokenBudget - plan.TokenCount);
        }
    }

    /// <summary>The longest waiting request whose patience is over, otherwise the shortest prompt; null if everybody is in the plan.</summary>
    private RequestView? Next(in InstanceView view, BatchPlan plan)
    {
        RequestView? shortest = null;
        RequestView? impatient = null;
        foreach (var request in view.Waiting)
        {
            if (plan.Contains(request)) continue;
            if (shortest is not { } s || request.RemainingPrefillTokens < s.RemainingPrefillTokens) shortest = request;
            if ((view.Now - request.QueuedAt).Seconds > options.PatienceSeconds && (impatient is not { } i || request.QueuedAt < i.QueuedAt)) impatient = request;
        }

        return impatient ?? shortest;
    }
}
