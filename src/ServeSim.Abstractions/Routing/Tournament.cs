namespace ServeSim.Abstractions;

/// <summary>The smallest of a fixed number of keys that change one at a time, the first of equals: a knock-out tournament.</summary>
internal sealed class Tournament<TKey> where TKey : struct, IComparable<TKey>
{
    private readonly TKey[] _keys;
    private readonly int[] _winners;    // a binary tree; leaves are players
    private readonly int _leaves = 1;

    /// <summary>All players start with a key that none exceeds.</summary>
    public Tournament(int players, TKey largest)
    {
        while (_leaves < players) _leaves *= 2;
        _keys = new TKey[_leaves];
        _winners = new int[2 * _leaves];
        Array.Fill(_keys, largest);
        for (var leaf = 0; leaf < _leaves; leaf++) _winners[_leaves + leaf] = leaf;
        for (var node = _leaves - 1; node > 0; node--) _winners[node] = _winners[2 * node];
    }

    /// <summary>The player with the smallest key.</summary>
    public int Winner => _winners[1];

    /// <summary>Its key.</summary>
    public TKey Smallest => _keys[Winner];

    /// <summary>Changes the key of a player.</summary>
    public void Set(int player, TKey key)
    {
        _keys[player] = key;
        for (var node = (_leaves + player) / 2; node > 0; node /= 2)
        {
            var (left, right) = (_winners[2 * node], _winners[(2 * node) + 1]);
            var winner = _keys[right].CompareTo(_keys[left]) < 0 ? right : left;
            if (winner == _winners[node] && winner != player) return;    // nothing changes above
            _winners[node] = winner;
        }
    }
}
