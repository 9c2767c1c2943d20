using ServeSim.Abstractions;

public sealed record ShortestPromptOptions(int TokenBudget = 2048);

[Policy("shortest-prompt", "Decodes everyone, then admits the shortest waiting prompt.")]
public sealed class ShortestPromptPolicy(ShortestPromptOptions options) : IBatchPolicy
{
    public void Plan(in InstanceView view, BatchPlan plan)
    {
        foreach (var request in view.Running)
        {
            if (request.IsPrefilling) plan.TryPrefill(request, options.TokenBudget - plan.TokenCount);
            else if (!plan.TryDecode(request)) plan.Preempt(request);
        }

        RequestView? shortest = null;
        foreach (var request in view.Waiting)
            if (shortest is not { } best || request.RemainingPrefillTokens < best.RemainingPrefillTokens) shortest = request;
        if (shortest is { } chosen && plan.PreemptCount == 0) plan.TryPrefill(chosen, options.TokenBudget - plan.TokenCount);
    }
}
