using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Tools.Shared;

/// <summary>The users of this machine.</summary>
/// <param name="passwd">The list of users.</param>
internal sealed class Users(string passwd = "/etc/passwd")
{
    /// <summary>The number of a user.</summary>
    /// <param name="user">A number, or a name in the list.</param>
    /// <exception cref="CannotRunException">There is no such user.</exception>
    public uint Find(NameOrNumber user)
    {
        if (user.Number is { } given)
        {
            return given;
        }

        IEnumerable<string> lines = File.Exists(passwd) ? File.ReadLines(passwd) : [];
        string? found = lines.Select(static line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[0] == user.Name)?[2];
        return uint.TryParse(found, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : throw new CannotRunException($"there is no user '{user.Name}' in {passwd}: give a name from there, or a number");
    }
}
