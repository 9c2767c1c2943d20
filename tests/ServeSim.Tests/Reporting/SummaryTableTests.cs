using ServeSim.Reporting.Writers;

namespace ServeSim.Tests.Reporting;

public sealed class SummaryTableTests
{
    private static readonly IReadOnlyList<SummaryRow> Rows = SummaryTable.Rows(RunScript.WorkedExample().Measure(), RunScript.Description());

    public static TheoryData<string, string> Shown => new()
    {
        { "Seed", "7" }, { "Fingerprint", "0123456789abcdef" }, { "Trace", "worked example" }, { "Warm-up", "none" },
        { "Finished", "4" }, { "Rejected", "1" }, { "Rejected: too long", "1" }, { "Unfinished", "0" },
        { "Cost model", "linear" }, { "Cost source", "a test" }, { "Known error", "none: synthetic" }, { "Warning", "not a measurement" },
        { "Percentiles", "TTFT, TBT, TPOT, E2E: exact" }, { "Limits", "ttft=450ms,tpot=200ms" }, { "Attainment", "40" }, { "Goodput", "0.833" },
        { "One-token outputs under a TPOT limit", "1" },
    };

    [Theory, MemberData(nameof(Shown))]
    public void What_a_reader_must_know_stands_beside_the_numbers(string label, string value) =>
        Assert.Equal(value, Rows.Single(row => row.Label == label).Value);

    [Fact]
    public void A_stopped_run_says_so() =>
        Assert.Contains(SummaryTable.Rows(RunScript.WorkedExample().Measure(), RunScript.Description(isPartial: true)), row => row.Label == "Stopped early");
}
