using System;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace Fathom.Runtime;

/// <summary>
/// How the kernel was built, where it says so (<c>/proc/config.gz</c>, which takes <c>CONFIG_IKCONFIG_PROC</c>, or <c>/boot/config-RELEASE</c>).
/// It explains an answer; it is never one.
/// </summary>
internal sealed class KernelConfiguration
{
    private readonly string _text;

    private KernelConfiguration(string text, string source)
    {
        _text = text;
        Source = source;
    }

    /// <summary>Where it was read; empty if nowhere.</summary>
    public string Source { get; }

    /// <summary>Reads it; what cannot be read knows no option.</summary>
    public static KernelConfiguration Read(Kernel kernel)
    {
        const string Compressed = "/proc/config.gz";
        if (kernel.Calls.ReadBytes(Compressed, out _) is { } bytes && Expand(bytes) is { } text)
        {
            return new(text, Compressed);
        }

        string plain = "/boot/config-" + kernel.Release;
        return kernel.Calls.ReadText(plain, out _) is { } config ? new("\n" + config, plain) : new("", "");
    }

    /// <summary>
    /// The value of an option, for example <c>y</c>; <c>n</c> if it is not set, empty if it is not mentioned (a kernel of this version does not know
    /// it, or what it requires is not set), null if nothing is known.
    /// </summary>
    /// <param name="option">The name with <c>CONFIG_</c>.</param>
    public string? ValueOf(string option)
    {
        if (_text.Length == 0)
        {
            return null;
        }

        string start = "\n" + option + "=";
        int at = _text.IndexOf(start, StringComparison.Ordinal);
        if (at < 0)
        {
            return _text.Contains($"\n# {option} is not set\n", StringComparison.Ordinal) ? "n" : "";
        }

        int end = _text.IndexOf('\n', at + 1);
        return _text[(at + start.Length)..(end < 0 ? _text.Length : end)].Trim();
    }

    private static string? Expand(byte[] bytes)
    {
        try
        {
            using var unpacked = new StreamReader(new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress), Encoding.ASCII);
            return "\n" + unpacked.ReadToEnd();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
