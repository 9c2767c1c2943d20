using System.Text;

namespace ServeSim.Experiments.Configuration;

/// <summary>Keys are camel case in files and kebab case in flags; both are accepted everywhere.</summary>
internal static class NameStyle
{
    /// <summary><c>token-budget</c>, <c>TokenBudget</c> and <c>tokenBudget</c> to <c>tokenBudget</c>.</summary>
    public static string Camel(string name)
    {
        var text = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = i > 0 && name[i - 1] == '-';
            if (name[i] == '-' && i > 0 && i + 1 < name.Length) continue;
            text.Append(startsWord ? char.ToUpperInvariant(name[i]) : i == 0 ? char.ToLowerInvariant(name[i]) : name[i]);
        }

        return text.ToString();
    }

    /// <summary><c>TokenBudget</c> and <c>tokenBudget</c> to <c>token-budget</c>.</summary>
    public static string Kebab(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0) text.Append('-');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }
}
