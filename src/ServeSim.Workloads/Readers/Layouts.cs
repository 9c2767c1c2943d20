using static ServeSim.Workloads.Readers.FieldKind;

namespace ServeSim.Workloads.Readers;

/// <summary>The layouts that can be read, as tables; adding one is adding a table.</summary>
internal static class Layouts
{
    private const int Seconds = 9, Milliseconds = 6, Microseconds = 3, Nanoseconds = 0;

    public static readonly Layout Azure = new("azure", false,
    [
        new("TIMESTAMP", TraceField.Arrival, FieldKind.DateTime, true),
        new("ContextTokens", TraceField.Input, Integer, true),
        new("GeneratedTokens", TraceField.Output, Integer, true),
        new("NumImages", TraceField.NumImages, Integer),
    ]) { CountsFromFirst = true };

    public static readonly Layout Vidur = new("vidur", false,
    [
        new("arrived_at", TraceField.Arrival, Time, true, Seconds),
        new("num_prefill_tokens", TraceField.Input, Integer, true),
        new("num_decode_tokens", TraceField.Output, Integer, true),
        new("num_total_tokens", TraceField.Ignored, Skip),
        new("pd_ratio", TraceField.Ignored, Skip),
    ]);

    public static readonly Layout Lengths = new("lengths", false,
    [
        new("num_prefill_tokens", TraceField.Input, Integer, true),
        new("num_decode_tokens", TraceField.Output, Integer, true),
        new("num_total_tokens", TraceField.Ignored, Skip),
        new("pd_ratio", TraceField.Ignored, Skip),
    ]) { HasArrivals = false };

    public static readonly Layout Splitwise = new("splitwise", false,
    [
        new("arrival_timestamp", TraceField.Arrival, Time, true, Seconds),
        new("prompt_size", TraceField.Input, Integer, true),
        new("token_size", TraceField.Output, Integer, true),
        new("request_id", TraceField.RequestId, Text),
        new("batch_size", TraceField.BatchSize, Integer, Min: 1, Max: 1_000_000),
        new("request_type", TraceField.Type, Text),
        new("application_id", TraceField.Ignored, Skip),
    ]);

    public static readonly Layout BurstGpt = new("burstgpt", false,
    [
        new("Timestamp", TraceField.Arrival, Time, true, Seconds),
        new("Request tokens", TraceField.Input, Integer, true),
        new("Response tokens", TraceField.Output, Integer, true),
        new("Session ID", TraceField.Session, Text),
        new("Elapsed time", TraceField.Ignored, Skip),
        new("Model", TraceField.Model, Text),
        new("Total tokens", TraceField.Ignored, Skip),
        new("Log Type", TraceField.Type, Text),
    ]);

    public static readonly Layout Blis = new("blis", false,
    [
        new("arrival_time_us", TraceField.Arrival, Time, true, Microseconds),
        new("input_tokens", TraceField.Input, Integer, true),
        new("output_tokens", TraceField.Output, Integer, true),
        new("request_id", TraceField.RequestId, Text),
        new("client_id", TraceField.User, Text),
        new("tenant_id", TraceField.Tenant, Text),
        new("session_id", TraceField.Session, Text),
        new("round_index", TraceField.ZeroBasedTurn, Integer),
        new("slo_class", TraceField.SloClass, Text),
        new("slo_target_us", TraceField.TtftSlo, Time, Unit: Microseconds),
        new("deadline_us", TraceField.AbsoluteDeadline, Time, Unit: Microseconds),
        new("vllm_priority", TraceField.SmallerFirstPriority, Integer, Min: -int.MaxValue),
        new("think_time_us", TraceField.Delay, Time, Unit: Microseconds),
        new("model", TraceField.Model, Text),
    ]);

    public static readonly Layout Mooncake = new("mooncake", true,
    [
        new("timestamp", TraceField.Arrival, Time, Unit: Milliseconds),
        new("input_length", TraceField.Input, Integer, true),
        new("output_length", TraceField.Output, Integer, true),
        new("hash_ids", TraceField.HashIds, Numbers),
        new("request_id", TraceField.RequestId, Text),
        new("session_id", TraceField.Session, Text),
        new("delay", TraceField.Delay, Time, Unit: Milliseconds),
        new("wait_for", TraceField.WaitFor, Names),
        new("tool_wait_ms", TraceField.ToolWait, Time, Unit: Milliseconds),
        new("text_input", TraceField.Ignored, Skip),
        new("messages", TraceField.Ignored, Skip),
    ]) { MayHaveDependencies = true };

    public static readonly Layout Qwen = new("qwen", true,
    [
        new("chat_id", TraceField.RequestId, Text, true),
        new("parent_chat_id", TraceField.Parent, Text, true),
        new("timestamp", TraceField.Arrival, Time, true, Seconds),
        new("input_length", TraceField.Input, Integer, true),
        new("output_length", TraceField.Output, Integer, true),
        new("type", TraceField.Type, Text),
        new("turn", TraceField.Turn, Integer, Min: 1),
        new("hash_ids", TraceField.HashIds, Numbers),
    ]) { BlockSize = 16 };

    public static readonly Layout Toks = new("toks", true,
    [
        new("input_toks", TraceField.Input, Integer),
        new("output_toks", TraceField.Output, Integer),
        new("arrival_time_ns", TraceField.Arrival, Time, Unit: Nanoseconds),
        new("arrival_time", TraceField.Arrival, Time, Unit: Seconds),
        new("request_id", TraceField.RequestId, Text),
        new("session_id", TraceField.Session, Text),
        new("input_tok_ids", TraceField.Ignored, Skip),
        new("output_tok_ids", TraceField.Ignored, Skip),
        new("sub_requests", TraceField.SubRecords, Nested),
        new("tool_duration_ns", TraceField.ToolWait, Time, Unit: Nanoseconds),
        new("queued_ts", TraceField.Extra, Raw),
        new("scheduled_ts", TraceField.Extra, Raw),
        new("first_token_ts", TraceField.Extra, Raw),
        new("last_token_ts", TraceField.Extra, Raw),
    ]) { MayHaveDependencies = true };

    public static readonly Layout Aibrix = new("aibrix", true,
    [
        new("timestamp", TraceField.Arrival, Time, true, Milliseconds),
        new("requests", TraceField.SubRecords, Nested, true),
        new("prompt_length", TraceField.Input, Integer),
        new("output_length", TraceField.Output, Integer),
        new("Prompt Length", TraceField.Input, Integer),
        new("Output Length", TraceField.Output, Integer),
        new("model", TraceField.Model, Text),
        new("session_id", TraceField.Session, Text),
        new("prompt", TraceField.Ignored, Skip),
        new("Prompt", TraceField.Ignored, Skip),
        new("completion", TraceField.Ignored, Skip),
    ]);

    private static readonly Layout[] All = [Azure, Vidur, Lengths, Splitwise, BurstGpt, Blis, Mooncake, Qwen, Toks, Aibrix];

    public static IEnumerable<Layout> Foreign => All;

    /// <summary>The canonical schema: times in <paramref name="unit"/>, except where a CSV column name ends in its unit.</summary>
    public static Layout Canonical(bool json, int unit) => new("servesim", json,
    [
        new("request_id", TraceField.RequestId, Text),
        new(json ? "timestamp" : "arrived_at", TraceField.Arrival, Time, Unit: unit),
        new(json ? "input_length" : "num_prefill_tokens", TraceField.Input, Integer, true),
        new(json ? "output_length" : "num_decode_tokens", TraceField.Output, Integer, true),
        new("max_tokens", TraceField.MaxTokens, Integer, Min: 1),
        new("hash_ids", TraceField.HashIds, Numbers),
        new("block_size", TraceField.BlockSize, Integer, Min: 1),
        new("session_id", TraceField.Session, Text),
        new("turn", TraceField.Turn, Integer, Min: 1),
        new("wait_for", TraceField.WaitFor, Names),
        .. Times(json, unit, TraceField.Delay, "delay"),
        new("tenant_id", TraceField.Tenant, Text),
        new("user_id", TraceField.User, Text),
        new("priority", TraceField.Priority, Integer, Min: int.MinValue),
        new("slo_class", TraceField.SloClass, Text),
        .. Times(json, unit, TraceField.TtftSlo, "ttft_slo"),
        .. Times(json, unit, TraceField.TpotSlo, "tpot_slo", "tbt_slo", "itl_slo"),
        .. Times(json, unit, TraceField.Deadline, "deadline", "e2e_slo"),
        new("model", TraceField.Model, Text),
        new("adapter", TraceField.Adapter, Text),
        new("image_tokens", TraceField.ImageTokens, Integer),
        new("audio_tokens", TraceField.AudioTokens, Integer),
        new("video_tokens", TraceField.VideoTokens, Integer),
        new("num_images", TraceField.NumImages, Integer),
        new("reasoning_length", TraceField.Reasoning, Integer),
        new("type", TraceField.Type, Text),
    ]) { MayHaveDependencies = true };

    private static IEnumerable<FieldSpec> Times(bool json, int unit, TraceField field, params string[] names) =>
        names.Select(name => new FieldSpec(json ? name : name + "_s", field, Time, Unit: json ? unit : Seconds, Min: field == TraceField.Delay ? 0 : 1));
}
