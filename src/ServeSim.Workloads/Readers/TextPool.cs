using System.Text;

namespace ServeSim.Workloads.Readers;

/// <summary>
/// Hands out one string for equal bytes where tenants, models and classes repeat. Direct-mapped and of fixed size, so
/// that a column of unique names costs no memory.
/// </summary>
internal sealed class TextPool
{
    private readonly (byte[] Bytes, string Text)[] _slots = new (byte[], string)[512];

    public string Get(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 64) return Encoding.UTF8.GetString(bytes);
        ref var slot = ref _slots[IdHash.Of(bytes) % (uint)_slots.Length];
        if (slot.Text is null || !bytes.SequenceEqual(slot.Bytes)) slot = (bytes.ToArray(), Encoding.UTF8.GetString(bytes));
        return slot.Text;
    }
}
