using ServeSim.Abstractions;

namespace ServeSim.Cli;

/// <summary>What the process returns, decided in one place.</summary>
internal static class ExitCode
{
    public const int Fine = 0;
    public const int GateFailed = 1;
    public const int Usage = 2;
    public const int PolicyFault = 3;
    public const int Internal = 70;
    public const int Interrupted = 130;

    /// <summary>Runs an action; what it throws becomes messages on the diagnostic channel and an exit code.</summary>
    public static int Guard(AppContext app, Func<int> action)
    {
        try
        {
            return action();
        }
        catch (InputException e)
        {
            foreach (var problem in e.Problems) app.Log.Error("{Problem:l}", problem);
            return Usage;
        }
        catch (PolicyFault e)
        {
            app.Log.Error("{Message:l}", e.Message);
            return PolicyFault;
        }
        catch (OperationCanceledException)
        {
            app.Log.Warning("interrupted");
            return Interrupted;
        }
#pragma warning disable CA1031    // the last line of defence: nothing may end in a bare stack trace
        catch (Exception e)
#pragma warning restore CA1031
        {
            app.Log.Fatal("{Type:l}: {Message:l}", e.GetType().Name, e.Message);
            if (app.IsVerbose) app.Log.Fatal("{Stack:l}", e.ToString());
            else app.Log.Fatal("this is a defect of the program; run again with --verbose for the stack");
            return Internal;
        }
    }
}
