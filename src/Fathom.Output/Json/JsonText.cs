using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fathom.Output.Json;

/// <summary>How JSON is written.</summary>
public static class JsonText
{
    /// <summary>The default encoder also escapes what HTML might take for its own; these lines are not HTML.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
