using Spectre.Console;

namespace ServeSim.Cli.Output;

/// <summary>A small table: framed on a terminal, aligned columns of plain text elsewhere.</summary>
internal sealed class TextTable(params string[] columns)
{
    private readonly List<string[]> _rows = [];
    private readonly HashSet<int> _right = [];

    public TextTable AlignRight(params ReadOnlySpan<int> indices)
    {
        foreach (var index in indices) _right.Add(index);
        return this;
    }

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Write(AppContext app)
    {
        if (app.OutputIsTerminal) WriteFramed(app);
        else WritePlain(app.Output);
    }

    private void WriteFramed(AppContext app)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(app.Output),
            ColorSystem = AppContext.AllowsColor ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        var table = new Table { Border = TableBorder.Rounded };
        for (var i = 0; i < columns.Length; i++)
        {
            var column = new TableColumn(new Text(columns[i], new Style(decoration: Decoration.Bold)));
            table.AddColumn(_right.Contains(i) ? column.RightAligned() : column);
        }

        foreach (var row in _rows) table.AddRow(row.Select(cell => new Text(cell)));
        console.Write(table);
    }

    private void WritePlain(TextWriter output)
    {
        var widths = columns.Select((c, i) => _rows.Select(r => r[i].Length).Prepend(c.Length).Max()).ToArray();
        foreach (var row in _rows.Prepend(columns))
        {
            var cells = row.Select((cell, i) => _right.Contains(i) ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
            output.Write(string.Join("  ", cells).TrimEnd() + "\n");
        }
    }
}
