using System.Text;
using ServeSim.Workloads;

namespace ServeSim.Tests.Workloads;

public sealed class UnmodelledTraitsTests
{
    [Fact]
    public void What_a_run_does_not_model_is_counted_and_said()
    {
        const string Lines = """
            {"trace":"trace-1","block_size":512}
            {"timestamp":0,"input_length":600,"output_length":5,"hash_ids":[0,1]}
            {"timestamp":1,"input_length":5,"output_length":5,"model":"other"}
            {"timestamp":2,"input_length":5,"output_length":5,"adapter":"a","num_images":2}
            """;
        using var source = new TraceTrafficSource(TraceFile.Open(new MemoryStream(Encoding.UTF8.GetBytes(Lines)), "t"));
        while (source.NextArrival != ServeSim.Abstractions.SimTime.Never) source.Take();
        Assert.Equal(4, source.Unmodelled.Notes().Count);
        Assert.All(source.Unmodelled.Notes(), note => Assert.StartsWith("trace: 1 records ", note, StringComparison.Ordinal));
    }
}
