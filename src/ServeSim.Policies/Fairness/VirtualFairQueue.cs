namespace ServeSim.Policies.Fairness;

/// <summary>A request in the imagined system that serves all tenants at once.</summary>
/// <param name="user">Whose it is.</param>
/// <param name="number">Its number; the earlier one goes first among equals.</param>
/// <param name="cost">Its service.</param>
public sealed class VirtualJob(VirtualUser user, long number, double cost)
{
    /// <summary>Whose it is.</summary>
    public VirtualUser User => user;

    /// <summary>Its number.</summary>
    public long Number => number;

    /// <summary>Its service, as far as known.</summary>
    public double Cost { get; internal set; } = cost;

    /// <summary>Virtual time at which it would be done.</summary>
    public double Deadline { get; internal set; }

    internal double UserFinish { get; set; }
}

/// <summary>A tenant in the imagined system.</summary>
/// <param name="weight">Its share.</param>
public sealed class VirtualUser(double weight)
{
    internal double Weight => weight;
    internal List<VirtualJob> Jobs { get; } = [];    // not done yet, by finish inside the user
    internal double Start { get; set; }
    internal double Clock { get; set; }
    internal double IdleSince { get; set; } = double.NegativeInfinity;

    internal void Insert(VirtualJob job)
    {
        var place = Jobs.Count;
        while (place > 0 && (Jobs[place - 1].UserFinish, Jobs[place - 1].Number).CompareTo((job.UserFinish, job.Number)) > 0) place--;
        Jobs.Insert(place, job);
    }

    internal void SetDeadlines()
    {
        double work = 0;
        foreach (var job in Jobs) job.Deadline = Start + ((work += job.Cost) / weight);
    }
}

/// <summary>
/// Two-level virtual fair queueing: users share a server of fixed rate by weight, a user's jobs share its part equally;
/// a job's deadline is the virtual time at which its user has been given the work of all its jobs that end no later
/// (UWFQ, arXiv 2510.15485, transferred).
/// </summary>
/// <param name="rate">Service per second of the server.</param>
/// <param name="graceSeconds">A user idle for less keeps its account.</param>
public sealed class VirtualFairQueue(double rate, double graceSeconds)
{
    private readonly List<VirtualUser> _active = [];
    private double _virtualTime;
    private double _now;

    /// <summary>A job arrives; the deadlines of its user's jobs may move.</summary>
    public VirtualJob Arrive(VirtualUser user, long number, double cost, double nowSeconds)
    {
        Advance(nowSeconds);
        if (user.Jobs.Count == 0)
        {
            if (nowSeconds - user.IdleSince >= graceSeconds) (user.Start, user.Clock) = (_virtualTime, 0);
            _active.Add(user);
        }

        var job = new VirtualJob(user, number, cost) { UserFinish = user.Clock + cost };
        user.Insert(job);
        user.SetDeadlines();
        return job;
    }

    /// <summary>The true service of a job is known.</summary>
    public void Refine(VirtualJob job, double cost, double nowSeconds)
    {
        Advance(nowSeconds);
        if (!job.User.Jobs.Remove(job)) return;
        job.UserFinish += cost - job.Cost;
        job.Cost = cost;
        job.User.Insert(job);
        job.User.SetDeadlines();
    }

    private void Advance(double nowSeconds)
    {
        var work = (nowSeconds - _now) * rate;
        _now = nowSeconds;
        while (work > 0 && _active.Count > 0)
        {
            double weights = 0;
            var next = double.PositiveInfinity;
            foreach (var user in _active)
            {
                weights += user.Weight;
                next = Math.Min(next, user.Jobs[0].Deadline);
            }

            var needed = Math.Max(0, (next - _virtualTime) * weights);
            var step = Math.Min(work, needed) / weights;
            _virtualTime = needed <= work ? Math.Max(_virtualTime, next) : _virtualTime + step;
            work -= Math.Min(work, needed);
            for (var i = _active.Count - 1; i >= 0; i--) Serve(_active[i], step, nowSeconds - (work / rate));
            _active.RemoveAll(static user => user.Jobs.Count == 0);
        }
    }

    private void Serve(VirtualUser user, double step, double nowSeconds)
    {
        user.Clock += user.Weight * step / user.Jobs.Count;
        while (user.Jobs.Count > 0 && user.Jobs[0].Deadline <= _virtualTime)
        {
            user.Start = user.Jobs[0].Deadline;    // the work up to here is paid
            user.IdleSince = nowSeconds;
            user.Jobs.RemoveAt(0);
        }
    }
}
