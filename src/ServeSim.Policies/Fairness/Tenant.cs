using ServeSim.Abstractions;

namespace ServeSim.Policies.Fairness;

/// <summary>One tenant of one instance: its queue and its account.</summary>
/// <param name="name">Its name.</param>
/// <param name="weight">Its share relative to the others.</param>
public sealed class Tenant(string name, double weight)
{
    private const double ExactBelow = 1L << 52;    // sums of whole doubles below this are exact

    private readonly LinkedList<RequestView> _waiting = new();

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Its share relative to the others.</summary>
    public double Weight => weight;

    /// <summary>Service charged so far, or what the policy makes of it.</summary>
    public double Counter { get; set; }

    /// <summary>Moving average of its outputs in tokens; 0 before its first request has finished.</summary>
    public double MeanOutput { get; private set; }

    /// <summary>True with a request that waits.</summary>
    public bool IsBacklogged => _waiting.Count > 0;

    /// <summary>The request next in line.</summary>
    public RequestView First => _waiting.First!.Value;

    /// <summary>Adds the same amount several times, rounded like single additions, so that it does not matter when they are made.</summary>
    public void Add(double amount, long times = 1)
    {
        var sum = Counter + (amount * times);
        if (times == 1 || (double.IsInteger(amount) && double.IsInteger(Counter) && Math.Abs(sum) < ExactBelow)) Counter = sum;
        else while (times-- > 0) Counter += amount;
    }

    /// <summary>A request joins at the end, a preempted one in front.</summary>
    public void Enqueue(in RequestView request)
    {
        if (request.Preemptions > 0) _waiting.AddFirst(request); else _waiting.AddLast(request);
    }

    /// <summary>Takes the first request out of the line.</summary>
    public void RemoveFirst() => _waiting.RemoveFirst();

    /// <summary>Takes a request out of the line.</summary>
    public void Remove(in RequestView request) => _waiting.Remove(request);

    internal void Learn(int outputTokens, int window) =>
        MeanOutput = MeanOutput == 0 ? outputTokens : ((MeanOutput * (window - 1)) + outputTokens) / window;
}
