using ServeSim.Abstractions;

namespace ServeSim.Engine.Events;

/// <summary>
/// A 64-bit digest of a sequence of numbers. Each instance keeps its own over its iterations, so that the digest of a
/// run does not depend on how the engine interleaves instances.
/// </summary>
public struct Fingerprint
{
    private ulong _state;

    /// <summary>The digest so far.</summary>
    public readonly ulong Value => _state;

    /// <summary>Adds one number; order matters.</summary>
    public void Add(long value) => Add(unchecked((ulong)value));

    /// <summary>Adds what identifies an iteration, as one number.</summary>
    public void AddIteration(SimTime start, SimTime end, long batch, long work, int freeBlocks) => Add(unchecked(
        ((ulong)start.Nanoseconds * 0x9E3779B97F4A7C15) + ((ulong)end.Nanoseconds * 0xC2B2AE3D27D4EB4F) + ((ulong)batch * 0x165667B19E3779F9)
        + ((ulong)work * 0xD6E8FEB86659FD93) + ((ulong)freeBlocks * 0xA24BAED4963EE407)));

    /// <summary>Adds one number; order matters.</summary>
    public void Add(ulong value)
    {
        // Mixed before it joins, so that the chain from number to number is short.
        unchecked
        {
            var mixed = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93;
            _state = (ulong.RotateLeft(_state, 23) ^ mixed ^ (mixed >> 29)) * 0x9E3779B97F4A7C15;
        }
    }
}
