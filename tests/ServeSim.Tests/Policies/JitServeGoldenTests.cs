using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Policies.Goodput;
using ServeSim.Policies.Programs;

namespace ServeSim.Tests.Policies;

/// <summary>Check 1: every group of JITServe's reference vectors (the metric cases are with the goodput tests).</summary>
public sealed class JitServeGoldenTests
{
    [SkippableFact]
    public void Check_1_rewards_and_densities_of_the_artifact()
    {
        foreach (var one in Cases("priority_cases", 24))
        {
            var peers = one.GetProperty("peers").EnumerateArray().Select(Rated).ToArray();
            var (unit, penalty) = (Number(one, "unit_time_s"), Number(one, "penalty_factor"));
            var density = ArtifactDensity.Of(peers, unit, penalty);
            var expected = one.GetProperty("expect");
            Close(Number(expected, "neg_density"), -density.Density, one);
            Close(Number(expected, "remain_s"), density.RemainSeconds, one);
            Close(Number(expected, "total_reward"), density.Reward, one);
            foreach (var (peer, wanted) in peers.Zip(expected.GetProperty("per_peer").EnumerateArray()))
                Close(Number(wanted, "reward"), ArtifactDensity.RewardOf(peer, density.RemainSeconds, unit, penalty), one);
        }
    }

    [SkippableFact]
    public void Check_1_length_bins_of_the_artifact()
    {
        foreach (var one in Cases("length_bin_cases", 16))
        {
            var (ids, candidates, size, factor, swaps) = Selection(one);
            var selection = new ArtifactSelection();
            selection.ChooseBin(candidates, size, factor);
            var expected = one.GetProperty("expect");
            Same(expected, "top_mk", selection.Top.Select(c => ids[c.Place]), one);
            var bins = expected.GetProperty("bins").EnumerateArray().ToArray();
            Assert.Equal(bins.Length, selection.BinOrder.Count);
            for (var bin = 0; bin < bins.Length; bin++)
            {
                var members = selection.Bin(bin);
                Assert.Equal(bins[bin].EnumerateArray().Select(x => x.GetString()), members.Select(c => ids[c.Place]));
                Close(expected.GetProperty("bin_sums")[bin].GetDouble(), members.Sum(c => c.Score), one);
                Assert.Equal(Pair(expected.GetProperty("bin_bounds")[bin]), (members[0].Length, members[^1].Length + 1));
            }

            Assert.Equal(expected.GetProperty("exec_order").EnumerateArray().Select(x => x.GetInt32()), selection.BinOrder);
            Assert.Equal(Pair(expected.GetProperty("active_bounds")), selection.Range);
            Assert.Equal(expected.GetProperty("active_is_last").GetBoolean(), selection.IsOpenEnded);
            Same(expected, "queue", selection.Queue.Select(c => ids[c.Place]), one);
            Same(expected, "pending_swap_out", selection.Leaving.Select(c => ids[c.Place]), one);
            var leaving = selection.Leaving.Take(swaps).ToArray();
            Same(expected, "swap_out_this_frame", leaving.Select(c => ids[c.Place]), one);
            Same(expected, "activate_this_frame", selection.Queue.Where(c => !c.IsRunning).Take(leaving.Length).Select(c => ids[c.Place]), one);
        }
    }

    [SkippableFact]
    public void Check_1_sliding_windows_of_the_artifact()
    {
        foreach (var one in Cases("sliding_window_cases", 16))
        {
            var (ids, candidates, size, factor, _) = Selection(one);
            var selection = new ArtifactSelection();
            selection.ChooseWindow(candidates, size, factor);
            var expected = one.GetProperty("expect");
            Same(expected, "sorted_top_mk", selection.ByLength.Select(c => ids[c.Place]), one);
            Same(expected, "window", selection.ByLength.Skip(selection.WindowStart).Take(size).Select(c => ids[c.Place]), one);
            if (expected.GetProperty("window_sum").ValueKind == JsonValueKind.Number) Close(Number(expected, "window_sum"), selection.GroupScore, one);
            Assert.Equal(expected.GetProperty("window_start").GetInt32(), selection.WindowStart);
            Assert.Equal(Pair(expected.GetProperty("active_bounds")), selection.Range);
            Same(expected, "queue", selection.Queue.Select(c => ids[c.Place]), one);
            Same(expected, "pending_swap_out", selection.Leaving.Select(c => ids[c.Place]), one);
        }
    }

    [SkippableFact]
    public void Check_1_grouped_margin_of_the_paper()
    {
        using var json = Open();
        var cases = json.RootElement.GetProperty("gmax_paper_cases").GetProperty("cases").EnumerateArray().ToArray();
        Assert.Equal(19, cases.Length);
        foreach (var one in cases)
        {
            var gmax = new GroupedMargin();
            foreach (var request in one.GetProperty("requests").EnumerateArray())
                gmax.Add(new(request.GetProperty("id").GetInt64(), Number(request, "prio"), request.GetProperty("len").GetInt32()));
            var batch = gmax.Select(one.GetProperty("B").GetInt32(), Number(one, "p")).ToArray();
            var expected = one.GetProperty("expect");
            Close(Number(expected, "cutoff_priority"), gmax.LastPlacePriority, one);
            Assert.Equal(Ids(expected, "candidates_by_len"), gmax.Candidates.ToArray().Select(c => c.Id));
            Assert.Equal(Ids(expected, "batch"), batch.Select(c => c.Id));
            Close(Number(expected, "batch_priority_sum"), batch.Sum(c => c.Priority), one);
        }

        static IEnumerable<long> Ids(JsonElement expected, string name) => expected.GetProperty(name).EnumerateArray().Select(x => x.GetInt64());
    }

    [SkippableFact]
    public void Check_1_tracker_of_the_artifact()
    {
        foreach (var one in Cases("slo_tracker_cases", 12))
        {
            var expected = one.GetProperty("expect");
            var ttft = Number(one, "ttft_s");
            var desired = ArtifactTracker.DesiredTokens(Number(one, "now_s"), Number(one, "arrival_s"), ttft, Number(one, "ttft_slo_s"), Number(one, "tbt_slo_s"));
            Close(Number(expected, "desired_decode_len"), desired, one);
            var gain = ArtifactTracker.Gain(Number(one, "prev_service_gain"), one.GetProperty("delta_input").GetInt32(), one.GetProperty("delta_output").GetInt32(),
                one.GetProperty("output_len").GetInt32(), desired, ttft, Number(one, "ttft_slo_s"), Number(one, "penalty_factor"));
            Close(Number(expected, "service_gain"), gain, one);
        }
    }

    [SkippableFact]
    public void Check_1_graph_matches()
    {
        using var json = Open();
        var group = json.RootElement.GetProperty("pattern_graph");
        var history = group.GetProperty("history").EnumerateArray()
            .Select(h => new PatternGraph(Stages(h.GetProperty("nodes")), [.. h.GetProperty("times").EnumerateArray().Select(t => t.GetDouble())])).ToArray();
        var kernel = new PatternKernel(Number(group.GetProperty("sigma"), "input"), Number(group.GetProperty("sigma"), "output"));
        var cases = group.GetProperty("cases").EnumerateArray().ToArray();
        Assert.Equal(5, cases.Length);
        foreach (var one in cases)
        {
            var query = new PatternGraph(Stages(one.GetProperty("query_stages")));
            var expected = one.GetProperty("expect");
            for (var i = 0; i < history.Length; i++)
            {
                Close(expected.GetProperty("prefix_similarity")[i].GetDouble(), query.PrefixSimilarity(history[i], kernel), one);
                Close(expected.GetProperty("equal_stage_similarity")[i].GetDouble(), query.WholeSimilarity(history[i], kernel), one);
            }

            var best = query.BestMatch(history, kernel);
            Assert.Equal(expected.GetProperty("best_prefix_match").GetInt32(), best);
            Close(Number(expected, "elapsed_fraction_before_current_stage"), history[best].TimeThrough(query.Stages.Count - 2), one);
            Close(Number(expected, "cumulative_fraction_through_current_stage"), history[best].TimeThrough(query.Stages.Count - 1), one);
        }

        static PatternNode[][] Stages(JsonElement stages) => [.. stages.EnumerateArray().Select(stage => stage.EnumerateArray()
            .Select(node => new PatternNode(node[0].GetDouble(), node[1].ValueKind == JsonValueKind.Null ? null : node[1].GetDouble())).ToArray())];
    }

    private static ArtifactRequest Rated(JsonElement peer) => new(
        peer.GetProperty("type").GetString() == "latency" ? SloKind.Latency : SloKind.Deadline,
        peer.GetProperty("input_len").GetInt32(), peer.GetProperty("pred_output_len").GetInt32(), peer.GetProperty("decoded").GetInt32(),
        Number(peer, "deadline_s"), Number(peer, "ttft_slo_s"), Number(peer, "elapsed_s"), peer.GetProperty("first_token_seen").GetBoolean(), Number(peer, "service_gain"));

    private static (string[] Ids, ArtifactCandidate[] Candidates, int Size, int Factor, int Swaps) Selection(JsonElement one)
    {
        var ids = new List<string>();
        var candidates = new List<ArtifactCandidate>();
        foreach (var list in (string[])["waiting", "swapped", "running"])
        {
            foreach (var request in one.GetProperty(list).EnumerateArray())
            {
                candidates.Add(new(ids.Count, request.GetProperty("len").GetInt32(), Number(request, "score"), list == "running"));
                ids.Add(request.GetProperty("id").GetString()!);
            }
        }

        return ([.. ids], [.. candidates], one.GetProperty("max_num_seqs").GetInt32(), one.GetProperty("top_k").GetInt32(), one.GetProperty("max_swaps_per_frame").GetInt32());
    }

    private static JsonDocument Open() => JsonDocument.Parse(File.ReadAllText(SharedFiles.Path("reference", "jitserve_golden.json")));

    private static JsonElement[] Cases(string group, int count)
    {
        using var json = Open();
        var cases = json.RootElement.GetProperty(group).Clone().EnumerateArray().ToArray();
        Assert.Equal(count, cases.Length);
        return cases;
    }

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private static (int, int) Pair(JsonElement element) => (element[0].GetInt32(), element[1].GetInt32());

    private static void Same(JsonElement expected, string name, IEnumerable<string> actual, JsonElement one)
    {
        var (wanted, got) = (string.Join(' ', expected.GetProperty(name).EnumerateArray().Select(x => x.GetString())), string.Join(' ', actual));
        Assert.True(wanted == got, $"{one.GetProperty("case").GetString()} {name}: {wanted} expected, got {got}");
    }

    private static void Close(double expected, double actual, JsonElement one) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-9 * Math.Abs(expected), $"{one.GetProperty("case").GetString()}: {expected:R} expected, got {actual:R}");
}
