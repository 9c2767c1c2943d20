using ServeSim.Abstractions;

namespace ServeSim.Experiments.Validation;

/// <summary>Keeps the records of a run.</summary>
internal sealed class FinishedRequests : IRunObserver
{
    public List<RequestRecord> All { get; } = [];

    public IEnumerable<RequestRecord> Finished => All.Where(r => r.Outcome == RequestOutcome.Finished);

    public bool NeedsTimeOrder => false;

    public void OnRequestEnded(in RequestRecord request) => All.Add(request);
}
