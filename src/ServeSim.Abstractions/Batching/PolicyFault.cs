namespace ServeSim.Abstractions;

/// <summary>A policy broke a rule; the run stops (exit code 3) and says who, when, on what and which rule.</summary>
public sealed class PolicyFault : Exception
{
    /// <summary>Makes the fault.</summary>
    public PolicyFault(string policy, int instance, SimTime time, long? request, string rule, Exception? cause = null)
        : base($"policy '{policy}'{(instance >= 0 ? $" on instance {instance}" : "")} at {time} s{(request is { } r ? $", request {r}" : "")}: {rule}", cause)
        => (Policy, Instance, Time, Request, Rule) = (policy, instance, time, request, rule);

    /// <summary>Registered name of the policy.</summary>
    public string Policy { get; }

    /// <summary>Number of the instance, or -1 for a router.</summary>
    public int Instance { get; }

    /// <summary>When it happened.</summary>
    public SimTime Time { get; }

    /// <summary>Number of the request concerned, if any.</summary>
    public long? Request { get; }

    /// <summary>The rule, as a sentence.</summary>
    public string Rule { get; }
}
