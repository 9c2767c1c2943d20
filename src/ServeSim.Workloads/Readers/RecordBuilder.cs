using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Readers;

/// <summary>Turns complete drafts into records: the checks that look at a record as a whole, and at its id.</summary>
internal sealed class RecordBuilder(RecordSink sink, Layout layout, TraceCounts counts)
{
    /// <summary>Explicit ids are checked exactly up to here.</summary>
    public const int MaxCheckedIds = 4_000_000;

    private readonly IdTable _ids = new();
    private readonly Dictionary<ulong, string> _roots = [];
    private readonly Queue<TraceRecord> _ready = new();
    private bool _idsUnchecked;

    /// <summary>Tokens per hash id in this file.</summary>
    public int BlockSize { get; set; } = layout.BlockSize;

    /// <summary>Nanoseconds of the first record on the source's clock, where times count from it.</summary>
    public long? Start { get; private set; }

    public bool TryTake(out TraceRecord? record) => _ready.TryDequeue(out record);

    /// <summary>Takes the draft of the sink; a splitwise batch becomes several records.</summary>
    public void Complete()
    {
        var draft = sink.Draft;
        var copies = draft.BatchSize;
        if (copies <= 1)
        {
            CompleteOne(draft, draft.Id);
            return;
        }

        for (var copy = 1; copy <= copies; copy++)
            CompleteOne(draft, draft.Id is null ? null : string.Create(CultureInfo.InvariantCulture, $"{draft.Id}.{copy}"));
    }

    private void CompleteOne(RecordDraft draft, string? id)
    {
        counts.Read++;
        if (layout.CountsFromFirst || (layout == Layouts.Toks && !draft.Has(TraceField.SubRecords)))
            CountFromFirst(draft);
        if (draft.Problem is null) Check(draft, id);
        if (draft.Problem is not null) counts.Drop(draft.Problem);
        else if (draft.Input == 0 || draft.Output == 0) counts.Drop("zero tokens (W101)");
        else _ready.Enqueue(Build(draft, id ?? LastingName()));
    }

    /// <summary>Once a record is dropped, numbers no longer tell positions; names that others may wait for are then written out.</summary>
    private string? LastingName() =>
        layout.MayHaveDependencies && counts.Dropped.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"r{counts.Read}") : null;

    /// <summary>Clock readings count from the first one; workload files in nanoseconds start near 0 and stay as they are.</summary>
    private void CountFromFirst(RecordDraft draft)
    {
        if (draft.Arrival is not { } reading) return;
        const long AfterYear2000 = 946_684_800L * 1_000_000_000;
        Start ??= layout == Layouts.Toks && reading < AfterYear2000 ? 0 : reading;
        if (!draft.BatchStarted) draft.Arrival = reading - Start.Value;
        draft.BatchStarted = true;
        if (draft.Arrival < 0) sink.Report("T021", 1, $"arrives {new SimDuration(-draft.Arrival.Value)} s before the first record");
    }

    private void Check(RecordDraft draft, string? id)
    {
        CheckTokens(draft);
        draft.Delay = draft.ToolWait is null ? draft.Delay : (draft.Delay ?? 0) + draft.ToolWait;
        if (draft.Delay > long.MaxValue / 4 || draft.Arrival > long.MaxValue / 4) sink.Report("T021", 0, "a time is beyond 73 years");
        if (draft.Arrival is null && draft.WaitFor is null && layout.HasArrivals) sink.Report("T043", 0, "neither timestamp nor wait_for");
        if (draft.AbsoluteDeadline is { } end && draft.Arrival is { } start)
        {
            if (end > start) draft.Deadline = end - start;
            else sink.Report("T021", 0, $"deadline {new SimDuration(end)} s is not after the arrival {new SimDuration(start)} s");
        }

        if (draft.HashIds is { } ids)
        {
            var block = draft.BlockSize ?? BlockSize;
            var expected = (draft.Input + block - 1) / block;
            if (ids.Count != expected && draft.Input > 0)
                sink.Report("T050", 0, $"{ids.Count} hash_ids for {draft.Input} tokens at block size {block}, expected {expected}");
        }

        if (draft.WaitFor is { } parents && id is not null && parents.Contains(id)) sink.Report("T042", 0, $"dependency cycle: {id} -> {id}");
        if (id is not null) CheckId(id);
        if (draft.Parent is not null && id is not null) draft.Session = Root(draft.Parent, id);
    }

    private void CheckTokens(RecordDraft draft)
    {
        if (draft.Input == 0 || draft.Output == 0)
        {
            var field = draft.Input == 0 ? TraceField.Input : TraceField.Output;
            var name = layout.Fields.First(spec => spec.Field == field).Name;
            switch (sink.Options.ZeroTokens)
            {
                case ZeroTokens.Error:
                    sink.Report("T023", 0, $"{name} is 0");
                    break;
                case ZeroTokens.Lift:
                    if (draft.Input == 0) draft.Input = 1;
                    if (draft.Output == 0) draft.Output = 1;
                    counts.Change("0 tokens lifted to 1");
                    break;
                default:
                    sink.Log.WarnOnce("zero", "W101", sink.Line, 0, $"{name} is 0; such records are dropped and counted");
                    break;
            }
        }

        if (sink.Options.MaxTotalTokens is { } limit && draft.Input + draft.Output > limit)
            sink.Report("T024", 0, $"total {draft.Input + draft.Output} exceeds {limit}");
        if (draft.Reasoning > draft.Output) sink.Report("T021", 0, $"reasoning_length: {draft.Reasoning} is above output_length {draft.Output}");
    }

    private void CheckId(string id)
    {
        if (_idsUnchecked) return;
        if (_ids.Count >= MaxCheckedIds)
        {
            _idsUnchecked = true;
            sink.Log.WarnOnce("ids", "W140", sink.Line, 0, $"ids after the first {MaxCheckedIds} are not checked for duplicates");
        }
        else if (!_ids.TryAdd(IdHash.Of(id), sink.Line, out var first))
        {
            sink.Report("T040", 0, $"duplicate request_id \"{id}\" (first on line {first})");
        }
    }

    /// <summary>The first ancestor names the conversation; a parent from before the file's start stands for it.</summary>
    private string Root(string parent, string id)
    {
        var root = parent is "-1" or "" ? id : _roots.GetValueOrDefault(IdHash.Of(parent), parent);
        if (_roots.Count < MaxCheckedIds) _roots[IdHash.Of(id)] = root;
        return root;
    }

    private TraceRecord Build(RecordDraft draft, string? id) => new()
    {
        Number = counts.Read,
        ExplicitId = id,
        Arrival = draft.Arrival is { } arrival ? new SimTime(arrival) : null,
        InputTokens = (int)draft.Input,
        OutputTokens = (int)draft.Output,
        MaxTokens = (int?)draft.MaxTokens,
        HashIds = draft.HashIds,
        BlockSize = (int?)draft.BlockSize,
        SessionId = draft.Session,
        Turn = (int?)draft.Turn,
        WaitFor = draft.WaitFor,
        Delay = new SimDuration(draft.Delay ?? 0),
        TenantId = draft.Tenant,
        UserId = draft.User,
        Priority = (int)draft.Priority,
        SloClass = draft.SloClass,
        TtftSlo = Span(draft.TtftSlo),
        TpotSlo = Span(draft.TpotSlo),
        Deadline = Span(draft.Deadline),
        Model = draft.Model,
        Adapter = draft.Adapter,
        ImageTokens = (int)draft.ImageTokens,
        AudioTokens = (int)draft.AudioTokens,
        VideoTokens = (int)draft.VideoTokens,
        NumImages = (int)draft.NumImages,
        ReasoningTokens = (int)draft.Reasoning,
        Type = draft.Type,
        Extras = draft.Extras,
    };

    private static SimDuration? Span(long? nanoseconds) => nanoseconds is { } value ? new SimDuration(value) : null;
}
