using ServeSim.Abstractions;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Forecasts;

namespace ServeSim.Policies.Fairness;

/// <summary>What the engine around a fair scheduler allows.</summary>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="MaxPrefillTokens">Prompt tokens of one iteration.</param>
/// <param name="SplitsPrompts">True cuts prompts at that number; false lets a longer one run when no other does.</param>
public sealed record FairLimits(int MaxSequences, int MaxPrefillTokens, bool SplitsPrompts = false);

/// <summary>
/// What schedulers that share an instance among tenants have in common: first come first served inside a tenant,
/// admission without preemption under a forecast of the KV memory, and every token charged to its tenant. A charge is
/// made when somebody looks at a counter; the sums are those of charging token by token.
/// </summary>
public abstract class FairPolicy(FairLimits limits, ServiceCost cost, TenantWeights weights, ILengthPredictor predictor) : IBatchPolicy
{
    private const int LearningWindow = 5;

    private readonly Dictionary<string, Tenant> _byName = new(StringComparer.Ordinal);
    private readonly List<Tenant> _tenants = [];
    private readonly List<RequestView> _running = [];
    private readonly RequestMap<Account> _accounts = new();
    private readonly RequestOrder _order = new();
    private readonly PeakForecast _forecast = new();
    private int _forecastRequests;
    private bool _isForecast;

    /// <summary>Tenants in the order of their first arrivals.</summary>
    protected IReadOnlyList<Tenant> Tenants => _tenants;

    /// <summary>What a request is charged.</summary>
    protected ServiceCost Cost => cost;

    /// <summary>Running requests decode, the policy admits.</summary>
    public void Plan(in InstanceView view, BatchPlan plan)
    {
        Settle();
        _isForecast = false;
        plan.DecodeAllPreemptingNewest(_order, view);    // only a forecast that was too low makes it preempt
        if (plan.PreemptCount > 0) return;

        foreach (var request in view.Prefilling) plan.TryPrefill(request, PromptTokensLeft(plan));
        Admit(view, plan);
        if (plan.IsDecodeOnly && (view.Waiting.IsEmpty || IsFull(plan))) plan.HoldUntilChange();
    }

    public void OnArrived(in RequestView request)
    {
        Settle();
        if (!_byName.TryGetValue(request.Tenant, out var tenant))
        {
            _byName.Add(request.Tenant, tenant = new(request.Tenant, weights[request.Tenant]));
            _tenants.Add(tenant);
        }

        OnQueued(tenant, request);
    }

    public void OnPreempted(in RequestView request)
    {
        Settle();
        _running.Remove(request);
        OnQueued(TenantOf(request), request);
    }

    public void OnFinished(in RequestView request)
    {
        Settle();
        _running.Remove(request);
        var tenant = TenantOf(request);
        PayBack(tenant, request);
        tenant.Learn(request.GeneratedTokens, LearningWindow);
        predictor.OnFinished(request);
        OnDone(tenant, request);
    }

    public void OnAborted(in RequestView request)
    {
        Settle();
        var tenant = TenantOf(request);
        if (!_running.Remove(request)) OnLeft(tenant, request);
        PayBack(tenant, request);
        OnDone(tenant, request);
    }

    /// <summary>Starts waiting requests with <see cref="TryAdmit"/> until one does not fit.</summary>
    protected abstract void Admit(in InstanceView view, BatchPlan plan);

    /// <summary>A request waits from now on: it has arrived or was preempted.</summary>
    protected abstract void OnQueued(Tenant tenant, in RequestView request);

    /// <summary>A request that waits is waited for no longer.</summary>
    protected abstract void OnLeft(Tenant tenant, in RequestView request);

    /// <summary>A request has finished, or its client has given up, and it is paid for.</summary>
    protected virtual void OnDone(Tenant tenant, in RequestView request) { }

    /// <summary>Output tokens that are charged at admission.</summary>
    protected virtual double PrepaidTokens(Tenant tenant, in RequestView request) => 0;

    /// <summary>Enters a charge, several times the same, in the tenant's account.</summary>
    protected virtual void Charge(Tenant tenant, double amount, long times) => tenant.Add(amount, times);

    /// <summary>The tenant of a request that has arrived here.</summary>
    protected Tenant TenantOf(in RequestView request) => _byName[request.Tenant];

    /// <summary>Predicted output of a request, no more than its cap.</summary>
    protected int PredictedTokens(in RequestView request) => Math.Min(request.MaxOutputTokens ?? int.MaxValue, predictor.PredictOutputTokens(request));

    /// <summary>True if the plan has no place for another request.</summary>
    protected bool IsFull(BatchPlan plan) => plan.ResidentCount >= limits.MaxSequences;

    /// <summary>Starts a waiting request and charges for it, if places, prompt tokens and memory suffice.</summary>
    protected bool TryAdmit(in RequestView request, in InstanceView view, BatchPlan plan)
    {
        var prompt = request.RemainingPrefillTokens;
        if (IsFull(plan) || PromptTokensLeft(plan) <= 0) return false;
        if (!limits.SplitsPrompts && plan.PrefillTokenCount > 0 && prompt > PromptTokensLeft(plan)) return false;
        if (!Fits(request, view, plan) || !plan.Reserve(request, prompt)) return false;
        plan.TryPrefill(request, limits.SplitsPrompts ? PromptTokensLeft(plan) : prompt);

        _running.Add(request);
        ref var account = ref _accounts[request];
        if (account.IsAdmitted) return true;    // preempted before: nobody pays twice
        var tenant = TenantOf(request);
        account = new() { IsAdmitted = true, Prepaid = PrepaidTokens(tenant, request) };
        Charge(tenant, cost.AtAdmission(request.InputTokens, account.Prepaid, tenant.Weight), 1);
        return true;
    }

    internal double CounterOf(string tenant)
    {
        Settle();
        return _byName.TryGetValue(tenant, out var known) ? known.Counter : 0;
    }

    private void PayBack(Tenant tenant, in RequestView request)
    {
        var prepaid = _accounts[request].Prepaid;
        if (prepaid > request.GeneratedTokens) Charge(tenant, cost.Between(request.InputTokens, prepaid, request.GeneratedTokens, tenant.Weight), 1);
    }

    private int PromptTokensLeft(BatchPlan plan) => limits.MaxPrefillTokens - plan.PrefillTokenCount;

    /// <summary>Charges the tokens that have come out since the last look.</summary>
    private void Settle()
    {
        bool isMore;
        do
        {
            isMore = false;
            foreach (var request in _running)
            {
                ref var account = ref _accounts[request];
                var from = Math.Max(account.Charged, (int)account.Prepaid);
                var left = request.GeneratedTokens - from;
                if (left <= 0) continue;
                var times = cost.IsLinear ? left : 1;    // unequal amounts are added in the order of the iterations
                var tenant = TenantOf(request);
                account.Charged = from + times;
                Charge(tenant, cost.Between(request.InputTokens, from, from + 1, tenant.Weight), times);
                isMore |= left > times;
            }
        }
        while (isMore);
    }

    /// <summary>
    /// The memory test: the peak that running requests and the candidate will reach, a partly filled block for each,
    /// stays below the capacity. A request alone always fits.
    /// </summary>
    private bool Fits(in RequestView candidate, in InstanceView view, BatchPlan plan)
    {
        if (view.Running.IsEmpty && plan.SequenceCount == 0) return true;
        if (!_isForecast)
        {
            _isForecast = true;
            _forecastRequests = 0;
            _forecast.Clear();
            foreach (var request in _running) AddToForecast(request, isStarting: request.State == RequestState.Waiting);
        }

        AddToForecast(candidate, isStarting: true);
        return _forecast.PeakTokens() + (_forecastRequests * (view.BlockSize - 1L)) < view.CapacityTokens;
    }

    private void AddToForecast(in RequestView request, bool isStarting)
    {
        _forecastRequests++;
        _forecast.Add(request.KnownTokens + (isStarting ? 1 : 0), Math.Max(0, PredictedTokens(request) - request.GeneratedTokens - 1));
    }

    private struct Account
    {
        public bool IsAdmitted;
        public int Charged;
        public double Prepaid;
    }
}
