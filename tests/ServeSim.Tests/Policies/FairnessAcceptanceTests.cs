using ServeSim.Abstractions;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Fairness;
using ServeSim.Reporting.Tenants;
using static ServeSim.Tests.Policies.MicroRun;

namespace ServeSim.Tests.Policies;

/// <summary>Hand-made cases and bounds of fair scheduling, with iterations of one second.</summary>
public sealed class FairnessAcceptanceTests
{
    private static readonly string[] Pair = ["a", "b"];
    private static readonly TenantWeights Alike = TenantWeights.Equal;

    public static TheoryData<string> Policies => ["vtc", "lcf", "drr", "uwfq", "rpm"];

    [Fact]
    public void Check_2_vtc_serves_a_b_a_a_when_b_has_one_request_of_the_same_size()
    {
        var spy = Run(new VtcPolicy(new(MaxSequences: 1), Alike, Oracle), 1000, [.. Many(3, "a", 0, 10, 5), .. Many(1, "b", 0, 10, 5)]);
        Assert.Equal([0, 3, 1, 2], spy.Admissions.Select(a => a.Number));
        Assert.Equal((20.0, 20.0), (spy.Counters[9]["a"], spy.Counters[9]["b"]));
    }

    [Theory, InlineData(false, 500), InlineData(true, 0)]
    public void Check_3_a_latecomer_is_lifted_to_the_backlogged_counter_and_under_lcf_catches_up_alone(bool isLcf, double counter)
    {
        RequestSpec[] trace = [.. Many(1, "a", 0, 100, 200), .. Many(2, "a", 0, 10, 20), .. Many(12, "b", 200, 10, 20)];
        FairPolicy policy = isLcf ? new LcfPolicy(new(MaxSequences: 1), Alike, Oracle) : new VtcPolicy(new(MaxSequences: 1), Alike, Oracle);
        var spy = Run(policy, 1000, trace);
        Assert.Equal((500.0, counter), (spy.AtArrival[3]["a"], spy.AtArrival[3]["b"]));
        var served = string.Concat(spy.Admissions.Select(a => a.Number < 3 ? 'a' : 'b'));
        Assert.Equal(isLcf ? "abbbbbbbbbbabba"[..12] : "aababbbbbbbbbbb"[..12], served[..12]);
    }

    [Fact]
    public void Check_3_the_paper_lifts_to_the_last_served_tenant_when_nobody_waits()
    {
        RequestSpec[] trace = [.. Many(1, "a", 0, 10, 5), .. Many(1, "b", 2, 10, 5)];
        double Lifted(CounterLift lift) => Run(new VtcPolicy(new(lift), Alike, Oracle), 1000, trace).AtArrival[1]["b"];
        Assert.Equal((14.0, 0.0), (Lifted(CounterLift.LastServed), Lifted(CounterLift.Backlogged)));
    }

    [Fact]
    public void Check_4_weights_of_one_to_two_give_service_of_one_to_two()
    {
        const int memory = 200, bound = 2 * memory;
        var policy = new VtcPolicy(new(), new([new("b", 2)]), Oracle);
        var spy = Run(policy, memory, [.. Many(1400, "a", 0, 10, 10), .. Many(2750, "b", 0, 10, 10)]);
        var then = spy.WhileAllWait.First(c => c["a"] >= 100 * bound);
        Assert.InRange(2 * then["b"] / then["a"], 1.98, 2.02);
    }

    [Fact]
    public void Check_5_counters_of_backlogged_tenants_stay_within_the_bound_of_the_theorem()
    {
        var (widest, points) = (0.0, 0);
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new RandomStream((ulong)seed, "backlogged pairs");
            var (memory, longest) = (80 + random.NextInt(300), 2 + random.NextInt(38));
            var weights = new TenantWeights([new("a", 1 + random.NextInt(3)), new("b", 1 + random.NextInt(3))]);
            RequestSpec Draw(string tenant, int scale) => Request(0, 1 + random.NextInt(longest * scale / 2), 1 + random.NextInt(longest), tenant: tenant);
            var (scaleA, scaleB) = (1 + random.NextInt(2), 1 + random.NextInt(2));
            RequestSpec[] trace = [.. Enumerable.Range(0, 60).Select(_ => Draw("a", scaleA)), .. Enumerable.Range(0, 60).Select(_ => Draw("b", scaleB))];

            var spy = Run(new VtcPolicy(new(), weights, Oracle), memory, trace);

            var unit = Math.Max(trace.Max(r => r.InputTokens), 2 * memory) / Math.Min(weights["a"], weights["b"]);
            var differences = spy.WhileAllWait.Select(c => c["a"] - c["b"]).ToList();
            points += differences.Count;
            Assert.True(differences.Max(Math.Abs) <= unit, $"case {seed}: spread {differences.Max(Math.Abs)}, bound {unit}");
            Assert.True(differences.Max() - differences.Min() <= 2 * unit, $"case {seed}: service difference in an interval");
            widest = Math.Max(widest, differences.Max(Math.Abs) / unit);
        }

        Assert.True(widest > 0.1 && points > 1000, "too tame to say anything");
    }

    [Fact]
    public void Check_6_uwfq_gives_a_tenant_no_larger_share_for_more_jobs()
    {
        var deadlines = new List<double>();
        RequestSpec[] trace = [.. Many(4, "a", 0, 2, 2), .. Many(1, "b", 0, 2, 2)];    // each costs 6
        Assert.Equal([0, 4, 1, 2, 3], Uwfq(trace, deadlines));
        Assert.Equal([6, 12, 18, 24, 6], deadlines);
    }

    [Fact]
    public void Check_6_uwfq_orders_a_tenants_jobs_by_their_own_finish()
    {
        var deadlines = new List<double>();
        Assert.Equal([1, 2, 0], Uwfq([Request(0, 2, 4, tenant: "a"), Request(0, 2, 1, tenant: "a"), Request(0, 2, 2, tenant: "b")], deadlines));
        Assert.Equal([14, 4, 6], deadlines);
    }

    [Fact]
    public void The_virtual_system_serves_by_weight_and_keeps_the_account_of_a_short_pause()
    {
        var queue = new VirtualFairQueue(rate: 1, graceSeconds: 2);
        VirtualUser heavy = new(3), light = new(1), other = new(1);
        Assert.Equal((2, 6), (queue.Arrive(heavy, 0, 6, 0).Deadline, queue.Arrive(light, 1, 6, 0).Deadline));
        // V runs at 1/4 until it is 2 at 8 s, then at 1 until it is 6 at 12 s, when nobody is left
        Assert.Equal(2 + (3.0 / 3), queue.Arrive(heavy, 2, 3, 9.5).Deadline, 9);
        Assert.Equal(6 + 5, queue.Arrive(light, 3, 5, 13).Deadline, 9);
        Assert.Equal(6 + 1, queue.Arrive(other, 4, 1, 13).Deadline, 9);
        Assert.True(queue.Arrive(heavy, 5, 3, 14).Deadline > 6 + (3.0 / 3), "a long pause earns nothing");
    }

    [Theory, MemberData(nameof(Policies))]
    public void Check_7_one_tenant_alone_is_served_as_first_come_first_served(string name)
    {
        var random = new RandomStream(7, "one tenant");
        double time = 0;
        RequestSpec[] trace = [.. Enumerable.Range(0, 80).Select(_ => Request(Math.Floor(time += 3 * random.NextDouble()), 6, 9, tenant: "a"))];
        int[] Ends(string policy) => new MicroRun { Blocks = 60 }.Execute(shape => Make(policy, shape), trace).Ends;
        Assert.Equal(Ends("rpm"), Ends(name));
    }

    [Theory, MemberData(nameof(Policies))]
    public void With_true_lengths_nobody_is_preempted_in_blocks_of_any_size(string name)
    {
        var random = new RandomStream(3, "blocks");
        RequestSpec[] trace = [.. Enumerable.Range(0, 60).Select(i => Request(i / 4, 1 + random.NextInt(30), 1 + random.NextInt(30), tenant: $"t{i % 3}"))];
        foreach (var blockSize in new[] { 1, 4, 16 })
        {
            var run = new MicroRun { Blocks = 256 / blockSize, BlockSize = blockSize }.Execute(shape => Make(name, shape), trace);
            Assert.Equal((60, 0), (run.Result.Finished, run.Iterations.Sum(i => i.Preemptions)));
        }
    }

    [Fact]
    public void Rpm_refuses_what_a_tenant_sends_beyond_its_limit_in_a_minute()
    {
        RequestSpec[] trace = [.. Many(5, "a", 0, 1, 1), .. Many(1, "b", 1, 1, 1), .. Many(1, "a", 60, 1, 1), .. Many(1, "a", 61, 1, 1)];
        var run = new MicroRun().Execute(_ => new RpmPolicy(new(3), Alike, Oracle), trace);
        Assert.Equal([3, 4, 6], Enumerable.Range(0, 8).Where(i => run[i].Outcome == RequestOutcome.Rejected));
        Assert.Equal("more requests per minute than the tenant's limit", run[3].Reason);
    }

    [Theory, InlineData(1, 1, 1.0), InlineData(4, 1, 25.0 / 34), InlineData(1, 0, 0.5), InlineData(0, 0, 1.0)]
    public void Check_7_jain_is_one_for_equal_service_and_falls_with_the_spread(double first, double second, double expected) =>
        Assert.Equal(expected, FairnessSummary.Jain([first, second]), 12);

    private static FairPolicy Make(string name, ClusterShape shape) => name switch
    {
        "vtc" => new VtcPolicy(new(), Alike, Oracle),
        "lcf" => new LcfPolicy(new(), Alike, Oracle),
        "drr" => new DrrPolicy(new(), Alike, Oracle),
        "uwfq" => new UwfqPolicy(new(PartitionMilliseconds: 0), Alike, Oracle, shape),
        _ => new RpmPolicy(new(0), Alike, Oracle),
    };

    private static List<long> Uwfq(RequestSpec[] trace, List<double> deadlines)
    {
        FairnessSpy? spy = null;
        UwfqPolicy? policy = null;
        new MicroRun().Execute(shape => spy = new(policy = new UwfqPolicy(new(MaxSequences: 1, PartitionMilliseconds: 0), Alike, Oracle, shape), Pair)
        {
            BeforePlan = (in InstanceView view) =>
            {
                if (deadlines.Count > 0) return;
                foreach (var request in view.Waiting) deadlines.Add(policy!.DeadlineOf(request));
            },
        }, trace);
        return [.. spy!.Admissions.Select(a => a.Number)];
    }

    private static FairnessSpy Run(FairPolicy policy, int blocks, RequestSpec[] trace)
    {
        var spy = new FairnessSpy(policy, Pair);
        new MicroRun { Blocks = blocks }.Execute(_ => spy, trace);
        return spy;
    }

    private static IEnumerable<RequestSpec> Many(int count, string tenant, double arrival, int prompt, int output) =>
        Enumerable.Repeat(Request(arrival, prompt, output, tenant: tenant), count);
}
