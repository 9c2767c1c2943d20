using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Reproductions;

namespace ServeSim.Tests.Experiments;

public sealed class ReproductionTests
{
    private static readonly PolicyCatalog Catalog = PolicyCatalog.Load();

    public static TheoryData<string> Shipped => [.. Reproduction.Shipped];

    [Theory, MemberData(nameof(Shipped))]
    public void Every_page_that_comes_with_the_program_can_be_made_and_comes_out_the_same_twice(string name)
    {
        var page = Reproduction.Open(name).Run(Catalog, isQuick: true);
        var again = Reproduction.Open(name).Run(Catalog, isQuick: true);
        Assert.Equal(page.Markdown, again.Markdown);
        Assert.Equal(page.Plots, again.Plots);
        Assert.All(page.Plots, p => Assert.Contains(p.Path, page.Markdown, StringComparison.Ordinal));
        Assert.Contains("Quick version", page.Markdown, StringComparison.Ordinal);
    }

    private const string Small = """
        title: Small
        source: nowhere
        setup: one instance
        known: all
        differs: nothing
        headlines:
          twice: { paper: 2 ×, experiment: e, metric: tokens, variant: long, versus: short, as: ratio, at: 2 }
          growth: { paper: +100 %, experiment: e, metric: tokens, variant: long, versus: short, as: change, at: 2 }
        experiments:
          e:
            title: Lengths
            seeds: 3
            base:
              cost: linear:1,0,0,0,0
              kv: { blocks: 1000 }
              power: { model: none }
              policy: { name: sarathi, tokenBudget: 100 }
              workload: { requests: 20, arrivals: "constant:1", classes: { a: { input: "constant:10", output: "constant:10" } } }
            variants:
              short: { policy: { tokenBudget: 200 } }
              long: { policy: vllm-v1, workload: { classes: { a: { output: "constant:20" } } } }
            load: { label: rate, values: [1, 2, 4], set: { workload.arrivals: "constant:{}", workload.classes.a.input: "constant:{*10}" } }
            metrics:
              tokens: { label: output tokens a request, value: total_output_tokens, per: completed }
              prompt: { label: prompt tokens a request, value: total_input_tokens, per: completed }
            capacities:
              most: { label: largest rate, metric: prompt, atMost: 25 }
            tables:
              all: { metrics: [tokens, prompt] }
              most: { metrics: [most] }
            plots: { tokens: { metric: tokens } }
            claims:
              longer: { says: long is longer, metric: tokens, variant: long, above: short }
              thrice: { says: long is three times as long, metric: tokens, variant: long, above: short, by: 3 }
              growth: { says: the ratio lies above its inverse, metric: tokens, variant: long, of: short, above: short, rivalOf: long }
              band: { says: it is twice as long, metric: tokens, variant: long, of: short, within: 1.99..2.01, at: [2] }
        """;

    [Fact]
    public void A_page_has_the_numbers_that_the_runs_have()
    {
        var page = Open(Small).Run(Catalog);
        Assert.Equal(["holds", "does not hold: at 1: the other way round; at 2: the other way round; at 4: the other way round", "holds", "holds"], page.Verdicts.Select(v => v.Verdict));
        foreach (var line in (string[])[
            "| twice | 2 × | 2.00 × (20.0 against 10.0) |",
            "| growth | +100 % | 100 % (10.0 → 20.0) |",
            "| 4 | long | 20.0 | 40.0 |",
            "output tokens a request, long over short: at 1: 2.00 against 0.500, difference 1.50; at 2: ",
            "| short | 2.50 |",    // the line from 20 to 40 prompt tokens passes 25 a quarter of the way from 2 to 4
            "| short | policy `sarathi`: tokenBudget 200, ",
            "| long | policy `vllm-v1`: tokenBudget 2048, ",
            "| seeds | 1 to 3 |"]) Assert.Contains(line, page.Markdown, StringComparison.Ordinal);
        Assert.Equal("page/e-tokens.svg", Assert.Single(page.Plots).Path);
    }

    [Fact]
    public void Every_problem_of_a_file_is_said_at_once_with_its_place()
    {
        var bad = Small.Replace("metrics: [tokens, prompt]", "metrics: [tokens, promt]", StringComparison.Ordinal)
            .Replace("variant: long, above: short }", "variant: lang, above: short, at: [3] }", StringComparison.Ordinal);
        var problems = Assert.Throws<InputException>(() => Open(bad)).Problems;
        Assert.Equal(3, problems.Count);
        Assert.All(problems, p => Assert.StartsWith("page.yaml:", p, StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("there is no \"promt\" here; did you mean \"prompt\"?", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("3 is not among the loads", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("value: total_output_tokens", "value: total_output_tokns", "no result has the number \"total_output_tokns\"")]
    [InlineData("policy: vllm-v1", "policy: vllm-v9", "there is no policy")]
    [InlineData("title: Small", "titel: Small", "title must be given")]
    [InlineData("as: ratio", "as: value", "versus must be given for a ratio")]
    [InlineData(", rivalOf: long", "", "rivalOf must be given where of is given with above or below")]
    [InlineData("within: 1.99..2.01", "within: 1.99..2.01, rivalOf: long", "and nowhere else")]
    [InlineData("rivalOf: long", "rivalOf: lung", "did you mean \"long\"?")]
    public void A_mistake_is_an_input_error(string right, string wrong, string message)
    {
        var fault = Assert.Throws<InputException>(() => Open(Small.Replace(right, wrong, StringComparison.Ordinal)).Run(Catalog));
        Assert.Contains(fault.Problems, p => p.Contains(message, StringComparison.Ordinal) || p.Contains("must be the name of a policy", StringComparison.Ordinal));
    }

    [Fact]
    public void Options_laid_over_a_policy_in_short_form_belong_to_it()
    {
        var page = Open(Small.Replace("policy: { name: sarathi, tokenBudget: 100 }", "policy: vllm", StringComparison.Ordinal)
            .Replace("policy: { tokenBudget: 200 }", "policy: { maxSequences: 7 }", StringComparison.Ordinal)).Run(Catalog, isQuick: true);
        Assert.Contains("| short | policy `vllm`: maxSequences 7, ", page.Markdown, StringComparison.Ordinal);
    }

    [Fact]
    public void What_runs_say_in_the_same_words_is_said_once_with_the_range_of_its_numbers() =>
        Assert.Equal(["7 clients, 9.5 to 10 s", "no clients", "7 clients"], RunNotes.Merge(["7 clients, 10 s", "no clients", "7 clients, 9.5 s", "no clients", "7 clients"]));

    [Fact]
    public void An_interval_is_that_of_Students_t()
    {
        var estimate = Estimate.Of([1, 2, 3, 4, 5]);
        Assert.Equal(3, estimate.Mean);
        Assert.Equal(2.7764451 * Math.Sqrt(2.5 / 5), estimate.HalfWidth!.Value, 6);
        Assert.Null(Estimate.Of([4]).HalfWidth);
        Assert.Equal("3.0 ± 2.0", estimate.Text());
        Assert.Equal("-", Estimate.Of([1, double.NaN]).Text());
    }

    private static Reproduction Open(string text)
    {
        var folder = Directory.CreateTempSubdirectory("page").FullName;
        var path = Path.Combine(folder, "page.yaml");
        File.WriteAllText(path, text);
        try
        {
            return Reproduction.Open(path);
        }
        catch (InputException e)
        {
            throw new InputException([.. e.Problems.Select(p => p.Replace(path, "page.yaml", StringComparison.Ordinal))]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
