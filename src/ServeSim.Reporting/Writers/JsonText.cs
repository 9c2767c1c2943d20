using System.Text.Encodings.Web;
using System.Text.Json;

namespace ServeSim.Reporting.Writers;

/// <summary>JSON as all result files have it: indented, LF, UTF-8, numbers in the shortest form that reads back the same.</summary>
internal static class JsonText
{
    public static void Write(Stream stream, Action<Utf8JsonWriter> content)
    {
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    extension(Utf8JsonWriter json)
    {
        public void WriteOptional(string name, double? value)
        {
            if (value is not { } number) json.WriteNull(name);
            else if (double.IsInfinity(number)) json.WriteString(name, "inf");
            else json.WriteNumber(name, number);
        }

        public void WriteObject(string name, Action content)
        {
            json.WriteStartObject(name);
            content();
            json.WriteEndObject();
        }

        public void WriteTexts(string name, IReadOnlyList<string> texts)
        {
            json.WriteStartArray(name);
            foreach (var text in texts) json.WriteStringValue(text);
            json.WriteEndArray();
        }
    }
}
