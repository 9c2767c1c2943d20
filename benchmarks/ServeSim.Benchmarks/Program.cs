using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using ServeSim.Benchmarks;

if (args is ["speed", .. var rest])
{
    ExecutorSpeed.Run(rest);
    return 0;
}

if (args is ["speed-of", .. var one])
{
    ExecutorSpeed.RunOne(one);
    return 0;
}

if (args is ["scaling", .. var plots]) return Scaling.Run(plots);
if (args is ["hotspots", .. var spots]) return HotSpots.Run(spots);
if (args is ["scenarios", .. var scenarios]) return ScenarioSuite.Run(scenarios);

// In process: the generated project of the default toolchain would need a restore of its own.
var config = DefaultConfig.Instance
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumn(RateColumn.Operations, RateColumn.Tokens)
    .HideColumns(Column.Error, Column.StdDev, Column.RatioSD);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args.Length > 0 ? args : ["--filter", "*"], config);
return 0;
