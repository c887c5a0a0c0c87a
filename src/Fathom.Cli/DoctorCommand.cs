using System.Collections.Generic;

namespace Fathom.Cli;

/// <summary>The command line of <c>fathom doctor</c>, which is no tool: it traces nothing.</summary>
internal sealed record DoctorCommand
{
    public const string Name = "doctor";
    public const string Summary = "Says which tools run on this machine, by what, and what to change if not";

    /// <summary>Whether programs read the output.</summary>
    public bool Json { get; init; }

    /// <summary>Whether only the help was asked for.</summary>
    public bool Help { get; init; }

    /// <summary>Reads what follows the name.</summary>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static DoctorCommand Parse(IEnumerable<string> arguments)
    {
        var command = new DoctorCommand();
        foreach (string argument in arguments)
        {
            command = argument switch
            {
                "--json" or "-j" => command with { Json = true },
                "--help" or "-h" or "-?" => command with { Help = true },
                _ => throw new UsageException(argument.StartsWith('-') && argument.Length > 1
                    ? $"there is no option '{argument.Split('=')[0]}'"
                    : $"'{argument}' is too much: {Name} takes options only"),
            };
        }

        return command;
    }
}
