namespace ServeSim.Reporting.Writers;

/// <summary>One line of a summary table.</summary>
/// <param name="Section">Heading that the line belongs to.</param>
/// <param name="Label">What it is.</param>
/// <param name="Value">Text as it is to be shown; "-" where there is no value.</param>
/// <param name="Unit">Unit, or nothing.</param>
public readonly record struct SummaryRow(string Section, string Label, string Value, string Unit);
