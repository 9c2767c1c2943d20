using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;
using ServeSim.Policies.Routing;

namespace ServeSim.Conformance.Docs;

/// <summary>The policy that the guide walks through is compiled here, word for word, and keeps the laws.</summary>
public sealed class GuideTests
{
    [Fact]
    public void The_code_in_the_guide_is_the_code_that_is_tested() =>
        Assert.Contains(Read("ShortestPromptPolicy.cs").ReplaceLineEndings("\n"), Read("extending.md").ReplaceLineEndings("\n"), StringComparison.Ordinal);

    [Fact]
    public void The_policy_that_the_guide_walks_through_is_the_one_that_is_tested_and_keeps_every_law()
    {
        Assert.Contains(Read("PatientShortestPolicy.cs").ReplaceLineEndings("\n"), Read("write-a-policy.md").ReplaceLineEndings("\n"), StringComparison.Ordinal);
        var catalog = PolicyCatalog.Load(null, typeof(PatientShortestPolicy));
        Assert.All(new PolicyVerifier(catalog).Verify(catalog.Get(PolicyKind.Policy, "patient-shortest"), 40), r => Assert.Null(r.Failure));
    }

    [Fact]
    public void The_policy_in_the_guide_serves_every_request()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var (result, seen) = Lab.Run(RandomCase.Make(seed), new NamedPolicies(
                "shortest-prompt", _ => new ShortestPromptPolicy(new ShortestPromptOptions()), "round-robin", new RoundRobinRouter()));
            Assert.Equal(result.Arrived, result.Finished + result.Rejected);
            Assert.All(seen.Requests.Where(r => r.Outcome == RequestOutcome.Finished), r => Assert.Equal(r.OutputTokens, r.GeneratedTokens));
        }
    }

    private static string Read(string name)
    {
        using var stream = typeof(GuideTests).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
