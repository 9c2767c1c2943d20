using System.Diagnostics.CodeAnalysis;

namespace ServeSim.Abstractions;

/// <summary>
/// An ordered list of requests that policies read with <c>foreach</c>, forwards or <see cref="Reversed"/>.
/// Members that run in a pipelined iteration are passed over: they can take part in nothing else.
/// The engine alone changes it; it never changes while a policy plans.
/// </summary>
[SuppressMessage("Naming", "CA1710", Justification = "It is a list; it only has no random access.")]
public sealed class RequestList
{
    private readonly RequestTable _table;
    private readonly RequestLinks _links;
    private int _head = RequestTable.NoRow;
    private int _tail = RequestTable.NoRow;

    internal RequestList(RequestTable table, RequestLinks links) => (_table, _links) = (table, links);

    /// <summary>All members, those in a pipelined iteration included.</summary>
    public int Count { get; private set; }

    /// <summary>True without members.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>First member that can be planned.</summary>
    public bool TryFirst(out RequestView first)
    {
        foreach (var request in this)
        {
            first = request;
            return true;
        }

        first = default;
        return false;
    }

    /// <summary>Members from first to last.</summary>
    public Enumerator GetEnumerator() => new(_table, _links.Next, _head);

    /// <summary>Members from last to first.</summary>
    public Backwards Reversed() => new(this);

    internal void PushBack(int row)
    {
        _links.Next[row] = RequestTable.NoRow;
        _links.Previous[row] = _tail;
        if (_tail == RequestTable.NoRow) _head = row; else _links.Next[_tail] = row;
        _tail = row;
        Count++;
    }

    internal void PushFront(int row)
    {
        _links.Previous[row] = RequestTable.NoRow;
        _links.Next[row] = _head;
        if (_head == RequestTable.NoRow) _tail = row; else _links.Previous[_head] = row;
        _head = row;
        Count++;
    }

    internal void Remove(int row)
    {
        var (next, previous) = (_links.Next[row], _links.Previous[row]);
        if (previous == RequestTable.NoRow) _head = next; else _links.Next[previous] = next;
        if (next == RequestTable.NoRow) _tail = previous; else _links.Previous[next] = previous;
        Count--;
    }

    /// <summary>The same list read from its end.</summary>
    public readonly ref struct Backwards
    {
        private readonly RequestList _list;

        internal Backwards(RequestList list) => _list = list;

        /// <summary>Members from last to first.</summary>
        public Enumerator GetEnumerator() => new(_list._table, _list._links.Previous, _list._tail);
    }

    /// <summary>Walks one direction of the links.</summary>
    public ref struct Enumerator
    {
        private readonly RequestTable _table;
        private readonly int[] _step;
        private int _row;
        private int _upcoming;

        internal Enumerator(RequestTable table, int[] step, int start)
        {
            _table = table;
            _step = step;
            _row = RequestTable.NoRow;
            _upcoming = start;
        }

        /// <summary>The member reached.</summary>
        public readonly RequestView Current => new(_table, _row);

        /// <summary>Moves on; false at the end.</summary>
        public bool MoveNext()
        {
            do
            {
                _row = _upcoming;
                if (_row == RequestTable.NoRow) return false;
                _upcoming = _step[_row];
            }
            while (_table.IsInFlight(_row));
            return true;
        }
    }
}
