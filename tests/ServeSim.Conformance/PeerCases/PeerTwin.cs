using ServeSim.Abstractions;

namespace ServeSim.Conformance.PeerCases;

/// <summary>What the twin is told about one case.</summary>
internal sealed record TwinSettings(
    string Scheduler, double[] CoefMs, int Blocks, int BlockSize, int Cap = 128, int MaxBatchedTokens = 4096, int ChunkTokens = 512,
    int MaxWaitingIterations = 10, int MaxSequenceTokens = 4096, double Watermark = 0.01);

/// <summary>
/// The peer's four schedulers as lists and loops, in floating-point seconds: slow, without plans or ledgers, and written
/// from their description alone, so that it shares no mistake with the engine.
/// </summary>
internal sealed class PeerTwin(TwinSettings settings)
{
    private readonly List<Request> _queue = [];
    private readonly Dictionary<Request, int> _held = [];
    private readonly List<(Request Request, int Tokens)> _batch = [];
    private List<Request> _running = [];
    private int _usedBlocks;
    private int _waitedIterations;

    public sealed class Request(RequestSpec spec)
    {
        public double Arrival { get; } = spec.Arrival.Seconds;
        public int Prompt { get; set; } = spec.InputTokens;
        public int Output { get; set; } = spec.OutputTokens;
        public int Processed { get; set; }
        public bool HasPrefilled { get; set; }
        public double? Scheduled { get; set; }
        public double? FirstToken { get; set; }
        public double Finished { get; set; }
        public int Restarts { get; set; }
    }

    public List<Request> Run(IEnumerable<RequestSpec> specs)
    {
        var all = specs.Select(s => new Request(s)).ToList();
        var arrived = 0;
        double now = 0;
        while (true)
        {
            for (; arrived < all.Count && all[arrived].Arrival <= now; arrived++) _queue.Add(all[arrived]);
            _batch.Clear();
            Form();
            if (_batch.Count > 0) now = Execute(now, all, ref arrived);
            else if (arrived < all.Count) now = Math.Max(now, all[arrived].Arrival);
            else return all;
        }
    }

    private double Execute(double now, List<Request> all, ref int arrived)
    {
        double prompt = 0, decodes = 0, context = 0, area = 0;
        foreach (var (request, tokens) in _batch)
        {
            request.Scheduled ??= now;
            if (request.HasPrefilled) (decodes, context) = (decodes + 1, context + request.Processed);
            else (prompt, area) = (prompt + tokens, area + (tokens * (request.Processed + (tokens / 2.0))));
        }

        var c = settings.CoefMs;
        var end = now + ((c[0] + (c[1] * prompt) + (c[2] * decodes) + (c[3] * context) + (c[4] * area)) / 1000);
        for (; arrived < all.Count && all[arrived].Arrival <= end; arrived++) _queue.Add(all[arrived]);
        foreach (var (request, tokens) in _batch)
        {
            request.Processed += tokens;
            if (!request.HasPrefilled && request.Processed == request.Prompt)
            {
                request.HasPrefilled = true;
                request.Processed++;
                request.FirstToken ??= end;
            }

            if (request.Processed < request.Prompt + request.Output)
            {
                _running.Add(request);
                continue;
            }

            request.Finished = end;
            Free(request);
        }

        return end;
    }

    private void Form()
    {
        switch (settings.Scheduler)
        {
            case "vllm":
                FormPrompts(padded: true, () => true);
                if (_batch.Count > 0) return;
                _running = [.. _running.OrderBy(r => r.Arrival)];
                Decode([]);
                break;
            case "sarathi":
                FormChunks();
                break;
            case "orca":
                foreach (var request in _running) _batch.Add((request, 1));
                _running = [];
                var whole = BlocksFor(settings.MaxSequenceTokens);
                while (_queue.Count > 0 && _batch.Count < settings.Cap && settings.Blocks - _usedBlocks >= whole) Start(_queue[0].Prompt, whole);
                break;
            default:
                FormInterval();
                break;
        }
    }

    private void FormChunks()
    {
        var partial = new List<Request>();
        Decode(partial);
        var skipped = new List<Request>();
        foreach (var request in partial)
        {
            var chunk = Math.Min(request.Prompt - request.Processed, settings.ChunkTokens - _batch.Sum(b => b.Tokens));
            if (chunk > 0) _batch.Add((request, chunk)); else skipped.Add(request);
        }

        _running = [.. skipped.Concat(_running).OrderBy(r => r.Arrival)];
        while (_queue.Count > 0 && _held.Count < settings.Cap && _batch.Count < settings.Cap && CanStart(_queue[0]))
        {
            var chunk = Math.Min(_queue[0].Prompt, settings.ChunkTokens - _batch.Sum(b => b.Tokens));
            if (chunk <= 0) break;
            Start(chunk, BlocksFor(_queue[0].Prompt));
        }
    }

    private void FormInterval()
    {
        if (_running.Count == 0 || _waitedIterations >= settings.MaxWaitingIterations)
        {
            _waitedIterations = 0;
            var candidates = new List<(long Held, long Left)>();
            FormPrompts(padded: false, () =>
            {
                candidates.Add((_queue[0].Prompt + 1, Math.Max(0, _queue[0].Output - 2)));
                return Peak(candidates) < settings.Blocks;
            });
            if (_batch.Count > 0) return;
        }

        foreach (var request in _running)
        {
            Grow(request);
            _batch.Add((request, 1));
        }

        if (_running.Count > 0) _waitedIterations++;
        _running = [];
    }

    private void FormPrompts(bool padded, Func<bool> admits)
    {
        var longest = 0;
        while (_queue.Count > 0 && _held.Count < settings.Cap && _batch.Count < settings.Cap)
        {
            longest = Math.Max(longest, _queue[0].Prompt);
            var charged = padded ? (_batch.Count + 1) * longest : _batch.Sum(b => b.Tokens) + _queue[0].Prompt;
            if (charged > settings.MaxBatchedTokens || !admits() || (padded && !CanStart(_queue[0]))) break;
            Start(_queue[0].Prompt, BlocksFor(_queue[0].Prompt));
        }
    }

    private void Decode(List<Request> partial)
    {
        while (_running.Count > 0 && _batch.Count < settings.Cap)
        {
            var request = _running[0];
            _running.RemoveAt(0);
            if (!request.HasPrefilled)
            {
                partial.Add(request);
                continue;
            }

            while (settings.Blocks - _usedBlocks < 1 && _held.ContainsKey(request))
            {
                var victim = _running.Count > 0 ? _running[^1] : request;
                _running.Remove(victim);
                Restart(victim);
            }

            if (!_held.ContainsKey(request)) continue;
            Grow(request);
            _batch.Add((request, 1));
        }
    }

    private long Peak(List<(long Held, long Left)> candidates)
    {
        var loads = _running.Select(r => (Held: (long)r.Processed, Left: Math.Max(0L, r.Output - (r.Processed - r.Prompt) - 1))).Concat(candidates).OrderByDescending(l => l.Left);
        long held = 0, peak = 0, rank = 0;
        foreach (var load in loads) peak = Math.Max(peak, (held += load.Held) + (++rank * load.Left));
        return peak;
    }

    private void Start(int tokens, int blocks)
    {
        var request = _queue[0];
        _queue.RemoveAt(0);
        _held[request] = blocks;
        _usedBlocks += blocks;
        _batch.Add((request, tokens));
    }

    private void Restart(Request request)
    {
        (request.Prompt, request.Output) = (request.Processed, request.Prompt + request.Output - request.Processed);
        request.Processed = 0;
        request.HasPrefilled = false;
        request.Restarts++;
        Free(request);
        _queue.Insert(0, request);
    }

    private void Grow(Request request)
    {
        if (request.Processed <= _held[request] * settings.BlockSize) return;
        _held[request]++;
        _usedBlocks++;
    }

    private void Free(Request request)
    {
        _usedBlocks -= _held[request];
        _held.Remove(request);
    }

    private bool CanStart(Request request) =>
        settings.Blocks - _usedBlocks - BlocksFor(request.Prompt) >= Math.Floor(settings.Watermark * settings.Blocks);

    private int BlocksFor(int tokens) => (tokens + settings.BlockSize - 1) / settings.BlockSize;
}
