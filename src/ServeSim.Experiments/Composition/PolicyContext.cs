using ServeSim.Abstractions;

namespace ServeSim.Experiments.Composition;

/// <summary>What the policies of a run can ask for.</summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Shape">Sizes of the cluster and its cost model.</param>
/// <param name="Oracle">The truth, for those that are marked; null if the run has none.</param>
/// <param name="Predictor">The run's length predictor, or null.</param>
/// <param name="Tenants">Shares of the tenants; null is the same for all.</param>
public sealed record PolicyContext(ulong Seed, ClusterShape Shape, IOracle? Oracle = null, ILengthPredictor? Predictor = null, TenantWeights? Tenants = null);
