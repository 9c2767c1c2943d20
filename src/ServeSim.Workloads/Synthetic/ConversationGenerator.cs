using ServeSim.Abstractions;

namespace ServeSim.Workloads.Synthetic;

/// <summary>
/// Conversations whose prompts grow: each turn starts with the full blocks of the turn before, all share the block of
/// one system prompt. A hash id stands for its block and everything before it, hence the partial last block gets a new id.
/// </summary>
internal static class ConversationGenerator
{
    private const int BlockSize = 512;
    private const double RootsPerSecond = 1.2;
    private const double Continues = 0.6;

    private static readonly LengthMixture RootInput = new([(0.7, 1400, 0.7), (0.3, 6000, 0.7)], 520, 65_536);
    private static readonly LengthMixture Output = new([(0.3, 40, 0.8), (0.7, 320, 0.5)], 1, 2000);
    private static readonly LengthMixture Question = new([(0.8, 120, 1.0), (0.2, 1500, 0.6)], 4, 16_384);
    private static readonly LengthMixture PauseMilliseconds = new([(1, 45_000, 0.8)], 2000, 600_000);

    /// <summary>The first <paramref name="count"/> requests in order of arrival.</summary>
    public static IEnumerable<TraceRecord> Draw(int count, ulong seed)
    {
        var arrivals = new ArrivalSpec("poisson", RootsPerSecond).Start(seed, "arrival/conversations");
        var lengths = new RandomStream(seed, "joint/conversations");
        var turns = new RandomStream(seed, "session/conversations");
        var waiting = new PriorityQueue<(int Input, ulong[] Prefix), (long Time, long Order)>();
        ulong nextId = 1;    // 0 is the system prompt
        long order = 0;
        var root = Milliseconds(arrivals.Next(null));
        for (var number = 1; number <= count; number++)
        {
            SimTime arrival;
            int input;
            ulong[] prefix;
            if (waiting.TryPeek(out var turn, out var key) && key.Time < root.Nanoseconds)
            {
                waiting.Dequeue();
                (arrival, input, prefix) = (new SimTime(key.Time), turn.Input, turn.Prefix);
            }
            else
            {
                (arrival, input, prefix) = (root, RootInput.Draw(lengths), [0]);
                root = Milliseconds(arrivals.Next(null));
            }

            var ids = new ulong[(input + BlockSize - 1) / BlockSize];
            for (var i = 0; i < ids.Length; i++) ids[i] = i < prefix.Length ? prefix[i] : nextId++;
            var output = Output.Draw(lengths);
            yield return new TraceRecord { Number = number, Arrival = arrival, InputTokens = input, OutputTokens = output, HashIds = ids };

            var grown = input + output + Question.Draw(lengths);
            var pause = PauseMilliseconds.Draw(turns) * 1_000_000L;
            if (turns.NextDouble() < Continues && grown <= 120_000)
                waiting.Enqueue((grown, ids[..(input / BlockSize)]), (arrival.Nanoseconds + pause, order++));
        }
    }

    /// <summary>Whole milliseconds, the unit of the layout.</summary>
    private static SimTime Milliseconds(SimTime time) => new(time.Nanoseconds / 1_000_000 * 1_000_000);
}
