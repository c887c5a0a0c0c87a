using System.Globalization;
using Fathom.Format.Linux;

namespace Fathom.Tools.Shared;

/// <summary>Names of error numbers in columns.</summary>
internal static class ErrorNames
{
    /// <summary>The name of an error; its number as text where it has none, and null for no error.</summary>
    /// <param name="error">The number, not negative.</param>
    public static string? Of(int error) => error == 0 ? null : Errno.FindName(error) ?? error.ToString(CultureInfo.InvariantCulture);
}
