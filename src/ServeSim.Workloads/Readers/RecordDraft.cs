namespace ServeSim.Workloads.Readers;

/// <summary>One record while its fields come in; reused for every line.</summary>
internal sealed class RecordDraft
{
    private ulong _seen;

    /// <summary>Code of the first problem, or null.</summary>
    public string? Problem { get; set; }

    /// <summary>The arrival already counts from the first record.</summary>
    public bool BatchStarted { get; set; }

    public string? Id, Session, Tenant, User, SloClass, Model, Adapter, Type, Parent;
    public long? Arrival, Delay, ToolWait, TtftSlo, TpotSlo, Deadline, AbsoluteDeadline;
    public long Input, Output, BatchSize, ImageTokens, AudioTokens, VideoTokens, NumImages, Reasoning, Priority;
    public long? MaxTokens, BlockSize, Turn;
    public List<ulong>? HashIds;
    public List<string>? WaitFor;
    public List<KeyValuePair<string, string>>? Extras;

    public void Clear()
    {
        _seen = 0;
        BatchStarted = false;
        Problem = null;
        Id = Session = Tenant = User = SloClass = Model = Adapter = Type = Parent = null;
        Arrival = Delay = ToolWait = TtftSlo = TpotSlo = Deadline = AbsoluteDeadline = null;
        ImageTokens = AudioTokens = VideoTokens = NumImages = Reasoning = Priority = Input = Output = 0;
        BatchSize = 1;
        MaxTokens = BlockSize = Turn = null;
        HashIds = null;
        WaitFor = null;
        Extras = null;
    }

    /// <summary>Marks a field as given; false when it already was.</summary>
    public bool See(TraceField field)
    {
        if (field <= TraceField.Extra) return true;
        var bit = 1UL << (int)field;
        var first = (_seen & bit) == 0;
        _seen |= bit;
        return first;
    }

    public bool Has(TraceField field) => (_seen & (1UL << (int)field)) != 0;

    public void SetNumber(TraceField field, long value)
    {
        switch (field)
        {
            case TraceField.Arrival: Arrival = value; break;
            case TraceField.Input: Input = value; break;
            case TraceField.Output: Output = value; break;
            case TraceField.MaxTokens: MaxTokens = value; break;
            case TraceField.BlockSize: BlockSize = value; break;
            case TraceField.Turn: Turn = value; break;
            case TraceField.ZeroBasedTurn: Turn = value + 1; break;
            case TraceField.Delay: Delay = value; break;
            case TraceField.ToolWait: ToolWait = value; break;
            case TraceField.Priority: Priority = value; break;
            case TraceField.SmallerFirstPriority: Priority = -value; break;
            case TraceField.TtftSlo: TtftSlo = value; break;
            case TraceField.TpotSlo: TpotSlo = value; break;
            case TraceField.Deadline: Deadline = value; break;
            case TraceField.AbsoluteDeadline: AbsoluteDeadline = value; break;
            case TraceField.ImageTokens: ImageTokens = value; break;
            case TraceField.AudioTokens: AudioTokens = value; break;
            case TraceField.VideoTokens: VideoTokens = value; break;
            case TraceField.NumImages: NumImages = value; break;
            case TraceField.Reasoning: Reasoning = value; break;
            case TraceField.BatchSize: BatchSize = value; break;
            default: throw new InvalidOperationException($"{field} is no number");
        }
    }

    public void SetText(TraceField field, string value)
    {
        switch (field)
        {
            case TraceField.RequestId: Id = value; break;
            case TraceField.Session: Session = value; break;
            case TraceField.Tenant: Tenant = value; break;
            case TraceField.User: User = value; break;
            case TraceField.SloClass: SloClass = value; break;
            case TraceField.Model: Model = value; break;
            case TraceField.Adapter: Adapter = value; break;
            case TraceField.Type: Type = value; break;
            case TraceField.Parent: Parent = value; break;
            default: throw new InvalidOperationException($"{field} is no text");
        }
    }
}
