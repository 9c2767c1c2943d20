namespace ServeSim.Workloads.Readers;

/// <summary>
/// Ids seen so far with their lines, by 64-bit hash (two of four million ids collide with probability below one in
/// a million). Open addressing in two flat arrays: 12 bytes a slot.
/// </summary>
internal sealed class IdTable
{
    private ulong[] _keys = new ulong[1024];
    private uint[] _lines = new uint[1024];

    public int Count { get; private set; }

    /// <summary>Adds an id; false when it was there, with the line of the first.</summary>
    public bool TryAdd(ulong id, long line, out long first)
    {
        if (Count * 3L >= _keys.Length * 2L) Grow();
        if (id == 0) id = 1;    // 0 marks a free slot
        var slot = Find(_keys, id);
        first = _lines[slot];
        if (_keys[slot] == id) return false;
        _keys[slot] = id;
        _lines[slot] = (uint)Math.Min(line, uint.MaxValue);
        Count++;
        return true;
    }

    private static int Find(ulong[] keys, ulong id)
    {
        var mask = keys.Length - 1;
        var slot = (int)(id & (ulong)mask);
        while (keys[slot] != 0 && keys[slot] != id) slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        var keys = new ulong[_keys.Length * 2];
        var lines = new uint[keys.Length];
        for (var i = 0; i < _keys.Length; i++)
        {
            if (_keys[i] == 0) continue;
            var slot = Find(keys, _keys[i]);
            keys[slot] = _keys[i];
            lines[slot] = _lines[i];
        }

        (_keys, _lines) = (keys, lines);
    }
}
