using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Roofline;

namespace ServeSim.Tests.CostModels;

/// <summary>Closed forms against the loop over every query.</summary>
public sealed class AttentionCountTests
{
    public static TheoryData<AttentionWindow?> Windows => [null, new(WindowKind.Sliding, 16, 2), new(WindowKind.Chunked, 16, 2)];

    [Theory, MemberData(nameof(Windows))]
    public void Pairs_and_keys_are_what_a_loop_over_the_queries_counts(AttentionWindow? window)
    {
        for (var cached = 0; cached <= 50; cached++)
        {
            for (var tokens = 1; tokens <= 50; tokens++)
            {
                long pairs = 0;
                var seen = new HashSet<int>();
                for (var query = cached; query < cached + tokens; query++)
                {
                    var first = window switch
                    {
                        null => 0,
                        { Kind: WindowKind.Sliding } => Math.Max(0, query - window.Tokens + 1),
                        _ => query / window.Tokens * window.Tokens,
                    };
                    for (var key = first; key <= query; key++)
                    {
                        pairs++;
                        seen.Add(key);
                    }
                }

                Assert.Equal(pairs, CausalPairs.Count(tokens, cached, window));
                Assert.Equal(seen.Count, CausalPairs.KeysRead(tokens, cached, window));
            }
        }
    }

    [Theory]
    [InlineData(1, 1), InlineData(2, 2), InlineData(3, 4), InlineData(5, 8), InlineData(8, 8), InlineData(249, 256), InlineData(257, 272), InlineData(500, 512)]
    public void Graphs_are_padded_to_the_next_captured_size(int tokens, int rows) => Assert.Equal(rows, EngineOverhead.CapturedSize(tokens));
}
