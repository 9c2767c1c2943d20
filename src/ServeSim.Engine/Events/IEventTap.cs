namespace ServeSim.Engine.Events;

/// <summary>Sees every event with the digest of what it concerns; finds the first difference between two runs.</summary>
public interface IEventTap
{
    /// <summary>An event has been handled.</summary>
    void OnEvent(in SimEvent handled, ulong digest);
}
