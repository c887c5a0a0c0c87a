using System;
using System.Text;
using System.Text.RegularExpressions;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Shared.Filters;

/// <summary>What can be asked of the name of a command: the kernel keeps 15 bytes of it, so that a longer one matches nothing.</summary>
internal static class CommandNames
{
    // TASK_COMM_LEN less the NUL: https://github.com/torvalds/linux/blob/v6.18/include/linux/sched.h
    private const int LongestBytes = 15;

    /// <summary>A part of a name that an option has; null if the option was not given.</summary>
    /// <exception cref="BadArgumentException">No name contains it.</exception>
    public static string? PartOf(ToolRequest request, ToolOption option)
    {
        string? part = request.ValueOf(option);
        MustFit(part, option);
        return part is null || request.Comm?.Contains(part, StringComparison.Ordinal) != false
            ? part
            : throw new BadArgumentException($"'{request.Comm}' does not contain '{part}', so that --comm and {option.Name} match nothing together");
    }

    /// <summary>Complains about an expression that no name can match.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="option">The option that has it.</param>
    /// <param name="name">The expression; null if the option was not given.</param>
    /// <exception cref="BadArgumentException">It matches nothing.</exception>
    public static void MustMatch(ToolRequest request, ToolOption option, Regex? name)
    {
        if (name is null)
        {
            return;
        }

        // What an expression matches is known where it is plain text, but for its beginning and its end.
        string pattern = request.ValueOf(option)!;
        string plain = pattern[(pattern.StartsWith('^') ? 1 : 0)..].TrimEnd('$');
        MustFit(Regex.Escape(plain) == plain ? plain : null, option);
        if (request.Comm is not null && !name.IsMatch(request.Comm))
        {
            throw new BadArgumentException($"'{request.Comm}' does not match '{pattern}', so that --comm and {option.Name} match nothing together");
        }
    }

    private static void MustFit(string? part, ToolOption option)
    {
        if (part is not null && Encoding.UTF8.GetByteCount(part) > LongestBytes)
        {
            throw new BadArgumentException($"the kernel keeps {LongestBytes} bytes of a command name, but {option.Name} is '{part}', which is in none");
        }
    }
}
