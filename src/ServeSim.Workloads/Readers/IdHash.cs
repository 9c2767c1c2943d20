using System.Text;

namespace ServeSim.Workloads.Readers;

/// <summary>64-bit hash of a name, the same in every process.</summary>
internal static class IdHash
{
    public static ulong Of(string text)
    {
        Span<byte> small = stackalloc byte[384];
        return text.Length <= 128 ? Of(small[..Encoding.UTF8.GetBytes(text, small)]) : Of(Encoding.UTF8.GetBytes(text));
    }

    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        unchecked
        {
            var hash = 0xCBF29CE484222325;
            foreach (var b in bytes) hash = (hash ^ b) * 0x100000001B3;
            hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93;    // FNV leaves its low bits weak for short names
            return hash ^ (hash >> 32);
        }
    }
}
