using ServeSim.Abstractions;

namespace ServeSim.Tests.Policies;

/// <summary>Requests and cluster views without an engine.</summary>
internal sealed class Views
{
    private readonly RequestTable _table = new();
    private long _numbers;

    public RequestView Add(int prompt = 1, int output = 1, int? cap = null) => Add(_numbers++, prompt, output, cap);

    public RequestView Add(long number, int prompt, int output, int? cap = null) =>
        new(_table, _table.Add(number, MicroRun.Request(0, prompt, output, cap)));

    public RequestView Generate(RequestView request, int tokens)
    {
        _table[request.Row].Generated = tokens;
        return request;
    }

    public RequestView Finish(RequestView request)
    {
        _table[request.Row].Generated = _table[request.Row].Spec.OutputTokens;
        _table.Release(request.Row);
        return request;
    }

    public RequestView Finished(int output)
    {
        var request = Add(1, output);
        _table[request.Row].Generated = output;
        return request;
    }

    public static InstanceSignals Load(int requests = 0, long tokens = 0, double kv = 0) =>
        new() { OutstandingRequests = requests, OutstandingPrefillTokens = tokens, KvUsage = kv };

    public int Route(IRouterPolicy router, params InstanceSignals[] signals) =>
        router.Route(Add(), new ClusterView(SimTime.Zero, signals)).Instance;
}
