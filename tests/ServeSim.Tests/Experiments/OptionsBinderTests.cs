using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Tests.Experiments;

public sealed class OptionsBinderTests
{
    public sealed record Inner(int Depth = 1);

    public sealed record Everything(int Count, SampleOrder Order = SampleOrder.FirstCome)
    {
        public long Big { get; init; } = 7;
        public ulong Seed { get; init; }
        public double Share { get; init; } = 0.5;
        public bool On { get; init; }
        public string Name { get; init; } = "x";
        public string? Note { get; init; }
        public int? Limit { get; init; }
        public SimDuration Period { get; init; }
        public Inner Inner { get; init; } = new();
    }

    public static TheoryData<string, string, string> Refusals => new()
    {
        { "unknown key, near one", "count: 1\nlimmit: 3", "o.yaml:2:1: limmit is not a known key; did you mean \"limit\"?" },
        { "unknown key, near none", "count: 1\nzzzzzzzz: 3", "o.yaml:2:1: zzzzzzzz is not a known key; known: count, order, big, seed, share, on, name, note, limit, period, inner" },
        { "unknown nested key", "count: 1\ninner: { dept: 3 }", "o.yaml:2:10: inner.dept is not a known key; did you mean \"depth\"?" },
        { "duplicate key", "count: 1\nbig: 2\nbig: 3", "o.yaml:3:1: big is given twice, first at o.yaml:2:1" },
        { "duplicate key in another spelling", "count: 1\nlimit: 2\nLimit: 3", "o.yaml:3:1: limit is given twice, first at o.yaml:2:1" },
        { "missing required key", "big: 2", "o.yaml:1:1: count must be given: a whole number (at most 2147483647)" },
        { "word for a number", "count: many", "o.yaml:1:8: count must be a whole number (at most 2147483647), got many" },
        { "fraction for a whole number", "count: 1.5", "o.yaml:1:8: count must be a whole number (at most 2147483647), got 1.5" },
        { "too large", "count: 3000000000", "o.yaml:1:8: count must be a whole number (at most 2147483647), got 3000000000" },
        { "text for a number", "count: \"1\"", "o.yaml:1:8: count must be a whole number (at most 2147483647), got the text \"1\"" },
        { "nothing for a number", "count:", "o.yaml:1:7: count must be a whole number (at most 2147483647), got nothing" },
        { "nothing for a text", "count: 1\nname: null", "o.yaml:2:7: name must be a text, got nothing" },
        { "list for a number", "count: [1, 2]", "o.yaml:1:8: count must be a whole number (at most 2147483647), got a list" },
        { "group for a number", "count: { a: 1 }", "o.yaml:1:8: count must be a whole number (at most 2147483647), got a group of keys" },
        { "number for a group", "count: 1\ninner: 3", "o.yaml:2:8: inner must be a group of keys (depth), got 3" },
        { "negative for an unsigned number", "count: 1\nseed: -1", "o.yaml:2:7: seed must be a whole number from 0, got -1" },
        { "infinite number", "count: 1\nshare: .inf", "o.yaml:2:8: share must be a number, got .inf" },
        { "yes is not true", "count: 1\non: yes", "o.yaml:2:5: on must be true or false, got yes" },
        { "duration without unit", "count: 1\nperiod: 10", "o.yaml:2:9: period must be a duration such as 10ms, 2.5s or 1h (ns, us, ms, s, min, h), got 10" },
        { "enumeration, near one", "count: 1\norder: first-comes", "o.yaml:2:8: order must be one of first-come, shortest-prompt, got first-comes; did you mean \"first-come\"?" },
        { "enumeration, near none", "count: 1\norder: 0", "o.yaml:2:8: order must be one of first-come, shortest-prompt, got 0" },
    };

    [Theory, MemberData(nameof(Refusals))]
    public void A_refusal_says_what_where_got_and_allowed(string because, string yaml, string expected)
    {
        var problems = new Problems();
        new OptionsBinder(problems).Bind<Everything>(YamlText.Read(yaml, "o.yaml"));
        Assert.True(problems.All is [var only] && only == expected, $"{because}: {string.Join(" | ", problems.All)}");
    }

    [Fact]
    public void Every_kind_of_value_is_bound_in_both_spellings_of_keys()
    {
        var problems = new Problems();
        var bound = new OptionsBinder(problems).Bind<Everything>(YamlText.Read(
            """
            count: -3
            order: shortest-prompt
            big: 5000000000
            seed: 18446744073709551615
            share: 1e-3
            on: true
            name: 123
            note: "null"
            limit: ~
            period: 2.5ms
            inner:
              depth: 4
            """, "o.yaml"));
        Assert.Empty(problems.All);
        Assert.Equal(new Everything(-3, SampleOrder.ShortestPrompt)
        {
            Big = 5_000_000_000,
            Seed = ulong.MaxValue,
            Share = 1e-3,
            On = true,
            Name = "123",
            Note = "null",
            Limit = null,
            Period = SimDuration.FromMicroseconds(2500),
            Inner = new Inner(4),
        }, bound);

        var options = new OptionsBinder(problems).Bind<SampleOptions>(YamlText.Read("{ \"token-budget\": 7, Cap: 9 }", "o.json"));
        Assert.Equal((7, 9L), (options.TokenBudget, options.Cap));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1ns", 1)]
    [InlineData("1.5us", 1_500)]
    [InlineData("10 ms", 10_000_000)]
    [InlineData("2.5s", 2_500_000_000)]
    [InlineData("1min", 60_000_000_000)]
    [InlineData("1h", 3_600_000_000_000)]
    public void A_duration_has_a_unit(string text, long nanoseconds)
    {
        Assert.True(ScalarText.TryParse(typeof(SimDuration), text, false, out var value, out _));
        Assert.Equal(new SimDuration(nanoseconds), value);
        Assert.True(ScalarText.TryParse(typeof(SimDuration), ScalarText.Format(value), false, out var again, out _));
        Assert.Equal(value, again);
    }

    [Theory]
    [InlineData("a: [", "o.yaml:2:1: not YAML: ")]
    [InlineData("a: 1\n\tb: 2", "o.yaml:1:4: not YAML: ")]
    [InlineData("- a", "o.yaml:1:1: the file must hold keys and values, got a list")]
    [InlineData("a: &x 1", "o.yaml:1:4: anchors and aliases are not supported; write the value out")]
    [InlineData("a: 1\n---\nb: 1", "o.yaml:2:1: a file must hold one document, got a second one")]
    public void What_is_not_a_plain_yaml_mapping_is_refused_with_its_place(string yaml, string start)
    {
        var fault = Assert.Throws<InputException>(() => YamlText.Read(yaml, "o.yaml"));
        Assert.StartsWith(start, fault.Message, StringComparison.Ordinal);
    }
}
