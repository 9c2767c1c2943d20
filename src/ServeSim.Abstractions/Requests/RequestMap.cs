namespace ServeSim.Abstractions;

/// <summary>
/// A policy's own value per request, in an array beside the request table. A request that was never written has
/// <c>default</c>, also when its row was used by another request before.
/// </summary>
/// <typeparam name="T">What the policy remembers.</typeparam>
public sealed class RequestMap<T>
{
    private T?[] _values = [];
    private long[] _owners = [];

    /// <summary>A reference to the value of a request, valid until the next call with a newer request.</summary>
    public ref T? this[in RequestView request]
    {
        get
        {
            if (request.Row >= _values.Length)
            {
                var size = Math.Max(64, 2 * (request.Row + 1));
                Array.Resize(ref _values, size);
                Array.Resize(ref _owners, size);
            }

            if (_owners[request.Row] != request.Number + 1)
            {
                _owners[request.Row] = request.Number + 1;
                _values[request.Row] = default;
            }

            return ref _values[request.Row];
        }
    }
}
