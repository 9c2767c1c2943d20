using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Profiles;

namespace ServeSim.CostModels.Calibration.Prediction;

/// <summary>A row of a prediction grid, read by column.</summary>
internal readonly struct GridRow(ProfileTable table, int row)
{
    public string Text(string column) => table.Text(row, column);

    /// <summary>A text that the task needs.</summary>
    public string Given(string column) => Text(column) is { Length: > 0 } text ? text : throw new InputException($"{column} is blank, and the task needs it");

    /// <summary>A number that the task needs.</summary>
    public double Number(string column) => table.Number(row, column) is { } value && value >= 0 ? value
        : throw new InputException($"{column} is \"{table.Text(row, column)}\"; it must be a number, not negative");

    /// <summary>A number that has a usual value.</summary>
    public double Number(string column, double usual) => Text(column).Length == 0 ? usual : Number(column);

    public int Whole(string column, int usual) => Number(column, usual) is var value && value == Math.Floor(value) && value <= int.MaxValue ? (int)value
        : throw new InputException($"{column} is \"{Text(column)}\"; it must be a whole number");
}
