namespace ServeSim.Abstractions;

/// <summary>Estimates how many tokens a request will generate in all.</summary>
public interface ILengthPredictor
{
    /// <summary>Predicted total output tokens, at least 1. The same request always gets the same answer from a predictor that does not learn.</summary>
    int PredictOutputTokens(in RequestView request);

    /// <summary>A request has finished with <see cref="RequestView.GeneratedTokens"/> tokens.</summary>
    void OnFinished(in RequestView request) { }
}

/// <summary>The truth about the future; a report of a run that used it is labelled.</summary>
public interface IOracle
{
    /// <summary>Output tokens that the request will have generated when it finishes.</summary>
    int OutputTokens(in RequestView request);
}
