namespace Fathom.Output.Text;

/// <summary>The colours of text on a terminal; each is one that every palette can show on its background.</summary>
/// <remarks>https://man7.org/linux/man-pages/man4/console_codes.4.html, ECMA-48 SGR</remarks>
internal enum TextColor
{
    Bold = 1,
    Yellow = 33,
    Cyan = 36,
}
