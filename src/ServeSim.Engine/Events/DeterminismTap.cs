namespace ServeSim.Engine.Events;

/// <summary>Records the events of a first run and compares those of a second one.</summary>
public sealed class DeterminismTap
{
    private readonly List<ulong> _digests = [];

    /// <summary>The tap of the first run.</summary>
    public IEventTap Recorder => new Recording(_digests);

    /// <summary>The tap of the second run; make it after the first has ended.</summary>
    public Comparison Comparer() => new(_digests);

    private static ulong Digest(in SimEvent handled, ulong state)
    {
        var digest = new Fingerprint();
        digest.Add(handled.Time.Nanoseconds);
        digest.Add(((long)handled.Rank << 32) | unchecked((uint)handled.Target));
        digest.Add(state);
        return digest.Value;
    }

    private sealed class Recording(List<ulong> digests) : IEventTap
    {
        public void OnEvent(in SimEvent handled, ulong digest) => digests.Add(Digest(handled, digest));
    }

    /// <summary>Compares event by event.</summary>
    public sealed class Comparison : IEventTap
    {
        private readonly List<ulong> _expected;
        private int _position;

        internal Comparison(List<ulong> expected) => _expected = expected;

        /// <summary>The first event that differs, or null.</summary>
        public string? FirstDifference { get; private set; }

        /// <summary>True when the second run had fewer events than the first.</summary>
        public bool IsShorter => FirstDifference is null && _position < _expected.Count;

        /// <inheritdoc/>
        public void OnEvent(in SimEvent handled, ulong digest)
        {
            if (FirstDifference is null && (_position >= _expected.Count || _expected[_position] != Digest(handled, digest)))
                FirstDifference = $"event {_position + 1}: {handled.Rank} at {handled.Time} s on instance {handled.Target}";
            _position++;
        }
    }
}
