using System.Text;
using ServeSim.Abstractions;
using ServeSim.Workloads.Readers;

namespace ServeSim.Workloads;

/// <summary>How far arrivals may be out of order: not at all, or within a window that is sorted on the way.</summary>
/// <param name="Window">Records up to this much late are put back in place.</param>
public readonly record struct TraceOrder(SimDuration Window)
{
    /// <summary>Arrivals must never decrease.</summary>
    public static readonly TraceOrder Strict = new(SimDuration.Zero);

    /// <summary>Reads <c>error</c> or <c>window:SECONDS</c>.</summary>
    /// <exception cref="InputException">Neither of them.</exception>
    public static TraceOrder Parse(string text)
    {
        if (text == "error") return Strict;
        if (text.StartsWith("window:", StringComparison.Ordinal)
            && NumberText.ParseTime(Encoding.UTF8.GetBytes(text[7..]), 9, out var window) == NumberVerdict.Good && window > 0)
            return new(new SimDuration(window));
        throw new InputException($"order \"{text}\" is not known; use error or window:SECONDS with SECONDS above 0");
    }
}
