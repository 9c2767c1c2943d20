using ServeSim.Abstractions;
using ServeSim.Reporting.Writers;

namespace ServeSim.Tests.Reporting;

public sealed class ResultDirectoryTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("servesim-results-").FullName;

    private string Target => Path.Combine(_root, "a", "b");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_commit_shows_all_files_and_nothing_else()
    {
        Write("one", "summary.json", "requests.csv");
        Assert.Equal(["requests.csv", "summary.json"], Names());
    }

    [Fact]
    public void Without_a_commit_nothing_is_left_not_even_the_directory()
    {
        using (var directory = new ResultDirectory(Target))
        {
            directory.Create("requests.csv").WriteByte(1);
            Assert.False(File.Exists(Path.Combine(Target, "requests.csv")));
        }

        Assert.Empty(Directory.GetFileSystemEntries(_root));
    }

    [Fact]
    public void An_earlier_result_stays_until_the_commit()
    {
        Write("old", "summary.json", "requests.csv");
        using (var directory = new ResultDirectory(Target)) Fill(directory, "new", "summary.json");
        Assert.Equal("old", Content("summary.json"));
        Write("new", "summary.json", "requests.csv");
        Assert.Equal("new", Content("summary.json"));
        Assert.Equal(["requests.csv", "summary.json"], Names());
    }

    [Fact]
    public void Files_of_an_earlier_result_go_and_foreign_files_stay()
    {
        Write("old", "summary.json", "iterations.csv");
        File.WriteAllText(Path.Combine(Target, "notes.txt"), "mine");
        Write("new", "summary.json");
        Assert.Equal(["notes.txt", "summary.json"], Names());
    }

    [Fact]
    public void A_commit_that_fails_brings_the_earlier_result_back()
    {
        Write("old", "summary.json", "requests.csv");
        using (var directory = new ResultDirectory(Target))
        {
            Fill(directory, "new", "summary.json", "requests.csv");
            File.Delete(Path.Combine(Target, ".summary.json.partial"));
            Assert.Throws<InputException>(directory.Commit);
        }

        Assert.Equal("old", Content("summary.json"));
        Assert.Equal("old", Content("requests.csv"));
        Assert.Equal(["requests.csv", "summary.json"], Names());
    }

    [Fact]
    public void Two_runs_cannot_write_to_the_same_place_at_once()
    {
        using var first = new ResultDirectory(Target);
        first.Create("requests.csv");
        using var second = new ResultDirectory(Target);
        Assert.Contains("no other run uses", Assert.Throws<InputException>(() => second.Create("requests.csv")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_an_input_error()
    {
        var file = Path.Combine(_root, "file");
        File.WriteAllText(file, "x");
        Assert.Contains(file, Assert.Throws<InputException>(() => new ResultDirectory(file)).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => new ResultDirectory(Path.Combine(file, "below")));
        Assert.Throws<InputException>(() => new ResultDirectory(" "));
        Directory.CreateDirectory(Path.Combine(_root, "out", "requests.csv"));
        using var directory = new ResultDirectory(Path.Combine(_root, "out"));
        Assert.Contains("is a directory", Assert.Throws<InputException>(() => directory.Create("requests.csv")).Message, StringComparison.Ordinal);
    }

    private void Write(string text, params string[] names)
    {
        using var directory = new ResultDirectory(Target);
        Fill(directory, text, names);
        directory.Commit();
    }

    private static void Fill(ResultDirectory directory, string text, params string[] names)
    {
        foreach (var name in names) directory.Create(name).Write(System.Text.Encoding.UTF8.GetBytes(text));
    }

    private string Content(string name) => File.ReadAllText(Path.Combine(Target, name));

    private string[] Names() => [.. Directory.GetFileSystemEntries(Target).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
