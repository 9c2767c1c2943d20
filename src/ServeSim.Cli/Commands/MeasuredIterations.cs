using System.CommandLine;
using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Cli.Output;
using ServeSim.CostModels;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;
using ServeSim.CostModels.Roofline;

namespace ServeSim.Cli.Commands;

/// <summary>Flags of <c>servesim calibrate</c> that say what whole iterations took, and the two factors that follow.</summary>
internal sealed class MeasuredIterations
{
    private readonly Option<string[]> _decode = new("--decode") { HelpName = "COUNTxCONTEXT=MS", Description = "A measured decode iteration: requests, cached tokens of each, milliseconds; may be given several times." };
    private readonly Option<string[]> _prefill = new("--prefill") { HelpName = "[COUNTx]TOKENS[@CACHED]=MS", Description = "A measured prefill iteration; may be given several times." };
    private readonly Option<string?> _gpu = new("--gpu") { HelpName = "NAME", Description = "GPU that ran the measured iterations." };
    private readonly Option<string?> _model = new("--model") { HelpName = "NAME", Description = "Model that they ran." };
    private readonly Option<int> _tensor = new("--tp") { HelpName = "N", Description = "GPUs that shared every layer.", DefaultValueFactory = _ => 1 };
    private readonly Option<string> _precision = new("--precision") { HelpName = "NAME", Description = "Number formats of the measured iterations.", DefaultValueFactory = _ => "bf16" };
    private readonly Option<bool> _withoutHost = new("--without-host") { Description = "The milliseconds are those of the kernels, without host work between iterations." };
    private readonly Option<string?> _coefficients = CostPredictCommand.Coefficients();

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_decode, _prefill, _gpu, _model, _tensor, _precision, _withoutHost, _coefficients]) command.Add(option);
    }

    public bool AreGiven(ParseResult parsed) => parsed.GetValue(_decode) is { Length: > 0 } || parsed.GetValue(_prefill) is { Length: > 0 };

    /// <summary>The constants that the factors are put on when no profile is fitted.</summary>
    public CoefficientSet Base(ParseResult parsed) => CostPredictCommand.Load(parsed.GetValue(_coefficients));

    /// <summary>Flags that go with iterations or with profiles, but not as they were given.</summary>
    public void Check(ParseResult parsed, bool hasProfiles)
    {
        var problems = new List<string>();
        if (!AreGiven(parsed))
        {
            if (!hasProfiles) problems.Add("nothing to calibrate from; give profile files, or a measured decode and a measured prefill iteration, such as --gpu rtx-4090 --model llama-3.1-8b --decode 16x4096=25.1 --prefill 2048=208");
            if (parsed.GetValue(_gpu) is not null || parsed.GetValue(_model) is not null || parsed.GetValue(_withoutHost)) problems.Add("--gpu, --model and --without-host describe measured iterations; give --decode and --prefill too");
        }
        else
        {
            if (parsed.GetValue(_decode) is not { Length: > 0 }) problems.Add("--decode is missing: two factors, on attention and on the rest, need a measured decode and a measured prefill iteration");
            if (parsed.GetValue(_prefill) is not { Length: > 0 }) problems.Add("--prefill is missing: two factors, on attention and on the rest, need a measured decode and a measured prefill iteration");
            if (parsed.GetValue(_gpu) is null) problems.Add("--gpu is missing: name the GPU that ran the iterations (servesim gpus)");
            if (parsed.GetValue(_model) is null) problems.Add("--model is missing: name the model that they ran (servesim models)");
        }

        if (hasProfiles && parsed.GetValue(_coefficients) is not null) problems.Add("--coefficients and profiles: the constants come from one of them");
        if (problems.Count > 0) throw new InputException(problems);
    }

    /// <summary>The set with the factors; prints what was measured and predicted.</summary>
    public CoefficientSet Scale(AppContext app, ParseResult parsed, CoefficientSet set)
    {
        set = set.Completed();
        var (gpu, model) = (AcceleratorCatalog.Get(parsed.GetValue(_gpu)!), ModelCatalog.Get(parsed.GetValue(_model)!));
        var layout = new ParallelLayout(parsed.GetValue(_tensor), 1);
        var precision = PrecisionProfile.For(parsed.GetRequiredValue(_precision), model);
        var scale = new IterationScale(gpu.Name, model.Name, layout.Tensor, precision.Name, 1, 1, []);
        var options = CostOptions.Default with { Coefficients = set, Precision = precision, Host = parsed.GetValue(_withoutHost) ? HostMode.None : HostMode.Sync };
        var whole = new CalibratedCostModel(model, gpu, layout, options with { Scale = scale });
        var kernels = new CalibratedCostModel(model, gpu, layout, options with { Scale = scale, Host = HostMode.None });
        var dense = new CalibratedCostModel(model, gpu, layout, options with { Scale = scale with { Attention = 0 }, Host = HostMode.None });
        var rows = new List<ScaleRow>();
        foreach (var (name, batch, microseconds) in Read(parsed))
        {
            var shape = batch.Shape;
            var (all, without) = (kernels.IterationMicroseconds(shape), dense.IterationMicroseconds(shape));
            rows.Add(new(name, microseconds, without, all - without, whole.IterationMicroseconds(shape) - all));
        }

        var fit = ScaleFit.Of(rows);
        var table = new TextTable("iteration", "measured ms", "predicted ms", "error", "with factors ms", "error", "attention").AlignRight(1, 2, 3, 4, 5, 6);
        foreach (var row in rows)
        {
            var (before, after) = (row.Predicted(1, 1), row.Predicted(fit.Dense, fit.Attention));
            table.Add(row.Name, Text(row.Measured / 1e3), Text(before / 1e3), Percent((before / row.Measured) - 1), Text(after / 1e3), Percent((after / row.Measured) - 1),
                Percent(row.Attention / (row.Dense + row.Attention)));
        }

        table.Write(app);
        app.Output.Write(string.Create(CultureInfo.InvariantCulture, $"dense work x {fit.Dense:0.###} and attention x {fit.Attention:0.###} on {gpu.Name}"));
        app.Output.Write(string.Create(CultureInfo.InvariantCulture, $"; errors of 1 % in the times would change them by {100 * fit.DenseUncertainty:0.#} % and {100 * fit.AttentionUncertainty:0.#} %\n"));
        return set.With(scale with
        {
            Dense = fit.Dense, Attention = fit.Attention,
            Measured = [.. rows.Select(row => $"{row.Name} {Text(row.Measured / 1e3)} ms")],
        });
    }

    private List<(string Name, BatchText Batch, double Microseconds)> Read(ParseResult parsed)
    {
        var (problems, rows) = (new List<string>(), new List<(string, BatchText, double)>());
        foreach (var text in parsed.GetValue(_decode) ?? []) Add(text, "decode");
        foreach (var text in parsed.GetValue(_prefill) ?? []) Add(text, "prefill");
        return problems.Count > 0 ? throw new InputException(problems) : rows;

        void Add(string text, string kind)
        {
            var cut = text.IndexOf('=', StringComparison.Ordinal);
            var example = kind == "decode" ? "--decode 16x4096=25.1" : "--prefill 2048=208";
            if (cut < 0 || !double.TryParse(text[(cut + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) || !(ms > 0 && double.IsFinite(ms)))
            {
                problems.Add($"--{kind} {text}: must end in = and the measured milliseconds, a number above 0, such as {example}");
                return;
            }

            try
            {
                rows.Add(($"{kind} {text[..cut]}", kind == "decode" ? new BatchText([], [text[..cut]]) : new BatchText([text[..cut]], []), 1e3 * ms));
            }
            catch (InputException e)
            {
                problems.AddRange(e.Problems);
            }
        }
    }

    private static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + "%";
}
