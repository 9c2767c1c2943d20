using System.Globalization;
using System.Text;
using ServeSim.Abstractions;
using ServeSim.Workloads;

namespace ServeSim.Tests.Workloads;

public sealed class RequestFeedTests
{
    private const int NoThread = int.MaxValue;
    private const string Header = "arrived_at,num_prefill_tokens,num_decode_tokens\n";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(1280)]
    [InlineData(5_001)]
    public void A_thread_changes_neither_requests_nor_counts_nor_warnings(int before)
    {
        var text = Rows(5_000, badEvery: 7);
        Assert.Equal(Observed(text, NoThread), Observed(text, before));
    }

    [Fact]
    public void A_thread_changes_nothing_of_a_packed_trace_that_is_played_three_times()
    {
        var packed = TraceText.Gzip(Encoding.UTF8.GetBytes(Rows(3000, badEvery: 11)));
        var options = new TraceOptions { Repeat = 3, Sample = 0.5, Gap = SimDuration.FromSeconds(1) };
        Assert.Equal(
            Observed(TracePipeline.Open(() => new MemoryStream(packed), "t.csv.gz", options), NoThread),
            Observed(TracePipeline.Open(() => new MemoryStream(packed), "t.csv.gz", options), 0));
    }

    [Fact]
    public void An_error_comes_after_all_good_records_with_file_and_line()
    {
        using var feed = new RequestFeed(TraceText.Pipeline(Rows(3000) + "99999,x,5\n", new()), 10);
        for (var i = 0; i < 3000; i++) Assert.True(feed.TryTake(out _));
        var error = TraceText.Refused(() => feed.TryTake(out _));
        Assert.Contains("t.csv:3002:2: error T020", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_beyond_the_last_record_taken_is_never_seen()
    {
        using var feed = new RequestFeed(TraceText.Pipeline(Rows(300) + "99999,x,5\n", new()), 10);
        for (var i = 0; i < 300; i++) Assert.True(feed.TryTake(out _));
    }

    [Fact]
    public void A_trace_left_early_is_closed()
    {
        var stream = new WatchedStream(Rows(100_000));
        var feed = new RequestFeed(TraceFile.Open(stream, "t.csv"), 10);
        for (var i = 0; i < 1000; i++) feed.TryTake(out _);
        Assert.True(feed.HasThread);
        feed.Dispose();
        Assert.True(SpinWait.SpinUntil(() => stream.IsClosed, 60_000));
        Assert.Throws<ObjectDisposedException>(() =>
        {
            while (feed.TryTake(out _)) { }
        });
    }

    [Fact]
    public void The_thread_reads_a_bounded_number_of_records_ahead()
    {
        var stream = new WatchedStream(Rows(100_000));
        using var feed = new RequestFeed(TraceFile.Open(stream, "t.csv"), 10);
        for (var i = 0; i < 5000; i++) feed.TryTake(out _);
        Thread.Sleep(50);    // time enough to read far too much
        Assert.InRange(stream.Position, 1, 600_000);
    }

    [Fact]
    public void A_short_trace_starts_no_thread()
    {
        using var feed = new RequestFeed(TraceText.Pipeline(Rows(1000), new()));
        while (feed.TryTake(out _)) { }
        Assert.False(feed.HasThread);
    }

    [Fact]
    public void A_pipe_that_delivers_nothing_holds_no_one_up()
    {
        var stream = new WatchedStream(Rows(600)) { HangsAtEnd = true };
        var feed = new RequestFeed(TraceFile.Open(stream, "t.csv"), 10);
        for (var i = 0; i < 100; i++) feed.TryTake(out _);
        Assert.True(SpinWait.SpinUntil(() => stream.IsHanging, 60_000));
        feed.Dispose();
        Assert.False(stream.IsClosed);
        stream.Release();
        Assert.True(SpinWait.SpinUntil(() => stream.IsClosed, 10_000));
    }

    private static List<string> Observed(string text, int before) => Observed(TraceText.Pipeline(text, new()), before);

    private static List<string> Observed(ITraceSource trace, int before)
    {
        using var feed = new RequestFeed(trace, before);
        var seen = new List<string>();
        while (feed.TryTake(out var next)) Note(next.Spec.ToString());
        Note("end");
        Assert.Equal(before < seen.Count - 1, feed.HasThread);
        return seen;

        void Note(string what) => seen.Add($"{what} {string.Join(',', feed.Counts.Dropped)} {string.Join(',', feed.Counts.Changed)} {string.Join('|', feed.Warnings)}");
    }

    private static string Rows(int count, int badEvery = int.MaxValue)
    {
        var text = new StringBuilder(Header);
        for (var i = 1; i <= count; i++) text.Append(CultureInfo.InvariantCulture, $"{i * 0.25},{i % 1000 + 1},{(i % badEvery == 0 ? 0 : i % 50 + 1)}\n");
        return text.ToString();
    }

    private sealed class WatchedStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        private readonly ManualResetEventSlim _released = new();

        public bool HangsAtEnd { get; init; }

        public bool IsHanging { get; private set; }

        public bool IsClosed { get; private set; }

        public void Release() => _released.Set();

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = base.Read(buffer, offset, count);
            if (read > 0 || !HangsAtEnd) return read;
            IsHanging = true;
            _released.Wait();
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            IsClosed = true;
            base.Dispose(disposing);
        }
    }
}
