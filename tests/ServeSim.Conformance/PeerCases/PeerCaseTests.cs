using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.CostModels;
using ServeSim.Engine;
using ServeSim.Policies.Routing;

namespace ServeSim.Conformance.PeerCases;

/// <summary>Request by request, a peer simulator and ours agree when only scheduling can differ.</summary>
[Trait("Category", "PeerCases")]
public sealed class PeerCaseTests
{
    private const double ToleranceSeconds = 1e-6;

    public static TheoryData<string> Names
    {
        get
        {
            var names = new TheoryData<string>();
            if (SharedFolder.IsMissing) names.Add("none");
            else foreach (var peerCase in PeerCase.All()) names.Add(peerCase.Name);
            return names;
        }
    }

    [SkippableTheory, MemberData(nameof(Names))]
    public void Every_request_is_scheduled_started_and_finished_when_the_peer_says(string name)
    {
        Skip.If(SharedFolder.IsMissing, $"{SharedFolder.Variable} does not name a folder");
        var peerCase = PeerCase.All().Single(c => c.Name == name);
        var cost = CostModelFactory.Create(
            string.Create(CultureInfo.InvariantCulture, $"linear:{string.Join(',', peerCase.CoefMs)}"), null, null, ParallelLayout.Single);
        var shape = new ClusterShape(1, peerCase.Blocks, peerCase.BlockSize, 4096, 1, cost);
        var (policyName, policy) = peerCase.Policy(shape);
        var observer = new RecordingObserver();
        new SimulationRun(
            new EngineOptions { TotalBlocks = peerCase.Blocks, BlockSize = peerCase.BlockSize },
            new ListSource(peerCase.Requests()), cost, new(policyName, _ => policy, "single", new RoundRobinRouter()), observer).Execute();

        var ours = observer.Requests.ToDictionary(r => r.Number);
        var theirs = peerCase.ExpectedResults();
        Assert.Equal(theirs.Count, ours.Count);
        foreach (var expected in theirs)
        {
            var actual = ours[expected.Id];
            Assert.True(actual.Outcome == RequestOutcome.Finished, $"{name}: request {expected.Id} ended as {actual.Outcome}: {actual.Reason}");
            Near(expected.Scheduled, actual.Scheduled, expected.Id, "scheduled");
            Near(expected.FirstToken, actual.FirstToken, expected.Id, "first token");
            Near(expected.Completed, actual.Finished, expected.Id, "finished");
            Assert.True(expected.Restarts == actual.Preemptions, $"{name}: request {expected.Id} restarted {actual.Preemptions} times instead of {expected.Restarts}");
        }
    }

    private static void Near(double expected, SimTime? actual, int id, string what) =>
        Assert.True(Math.Abs(expected - actual!.Value.Seconds) <= ToleranceSeconds, $"request {id} {what} at {actual} s instead of {expected:F9} s");
}
