using System.Globalization;
using Fathom.Format.Linux;

namespace Fathom.Tools.Options;

/// <summary>Errors of system calls: <c>ENOENT</c>, <c>2</c>.</summary>
public static class ErrorNumber
{
    // MAX_ERRNO: https://github.com/torvalds/linux/blob/v6.18/include/linux/err.h
    private const int Most = 4095;

    /// <summary>The kind.</summary>
    public static ValueKind<int> Kind { get; } = new("ERRNO", static (what, text) => Errno.Find(text)
        ?? (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= Most
            ? number is 512 or 513 or 514 or 516
                ? throw new UsageException($"{what} is {text} ({Errno.FindName(number)}), which no program sees: the call goes on, or fails with EINTR")
                : number
            : throw new UsageException($"{what} must be an error such as ENOENT, or its number, but is '{text}'")));
}
