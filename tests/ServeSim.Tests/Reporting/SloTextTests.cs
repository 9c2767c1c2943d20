using ServeSim.Abstractions;
using ServeSim.Reporting.Slo;

namespace ServeSim.Tests.Reporting;

public sealed class SloTextTests
{
    [Fact]
    public void Limits_are_read_in_every_unit_and_written_back()
    {
        var limits = SloText.Parse(" ttft=450ms, tbt=100, tpot=0.2s,e2e=10000000us");
        Assert.Equal(new SloLimits(Ms(450), Ms(100), Ms(200), Ms(10_000)), limits);
        Assert.Equal("ttft=450ms,tbt=100ms,tpot=200ms,e2e=10000ms", SloText.Format(limits));
        Assert.Equal(new SloLimits(Ttft: new SimDuration(1)), SloText.Parse(SloText.Format(new SloLimits(Ttft: new SimDuration(1)))));
        Assert.Equal("none", SloText.Format(SloText.Parse("none")));
    }

    [Fact]
    public void A_preset_can_be_completed_and_overruled()
    {
        Assert.Equal(new SloLimits(Ttft: Ms(500), Tpot: Ms(30)), SloText.Parse("mlperf:llama-3.1-8b/interactive"));
        Assert.Equal(new SloLimits(Ttft: Ms(400), Tpot: Ms(30), E2e: Ms(9000)), SloText.Parse("ttft=400,mlperf:llama-3.1-8b/interactive,e2e=9s"));
    }

    [Theory]
    [InlineData("ttfs=450ms", "slo.ttfs is no limit; did you mean \"ttft\"?")]
    [InlineData("ttft=450sec", "unknown unit \"sec\"")]
    [InlineData("ttft=fast", "unknown unit \"fast\"")]
    [InlineData("ttft=-3ms", "must be a duration, got \"-3ms\"")]
    [InlineData("ttft=1,5", "expected key=duration")]
    [InlineData("ttft=0ms", "must be from 1ns")]
    [InlineData("ttft=99999999999s", "must be from 1ns")]
    [InlineData("ttft=1ms,ttft=2ms", "given twice")]
    [InlineData("tbt", "expected key=duration")]
    [InlineData("mlperf:llama-3.1-8b/sever", "did you mean \"mlperf:llama-3.1-8b/server\"?")]
    public void A_problem_says_what_was_found_and_what_to_try(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => SloText.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void All_problems_are_told_at_once() =>
        Assert.Equal(3, Assert.Throws<InputException>(() => SloText.Parse("a=1,tbt=x,ttft=1ms,ttft=1ms")).Problems.Count);

    private static SimDuration Ms(int milliseconds) => SimDuration.FromMilliseconds(milliseconds);
}
