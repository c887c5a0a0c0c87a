using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Fathom.Tools.Tests.TcpLife;

/// <summary>What <c>ss -ti</c> says of a socket.</summary>
internal sealed partial record SsSession(long Acknowledged, long Received, long Retransmitted, long RttUs)
{
    /// <summary>The sockets of an output of <c>ss -tinH</c>, by local and remote port.</summary>
    public static Dictionary<(long Local, long Remote), SsSession> Parse(string text)
    {
        var sessions = new Dictionary<(long, long), SsSession>();
        foreach (Match socket in Socket().Matches(text))
        {
            var details = socket.Groups["details"].Value;
            long Number(string name) => Regex.Match(details, $@"\b{name}:(\d+)") is { Success: true } found
                ? long.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture)
                : 0;
            var rtt = double.Parse(Regex.Match(details, @"\brtt:([\d.]+)").Groups[1].Value, CultureInfo.InvariantCulture);
            sessions.Add(
                (long.Parse(socket.Groups["local"].Value, CultureInfo.InvariantCulture), long.Parse(socket.Groups["remote"].Value, CultureInfo.InvariantCulture)),
                new(
                    Number("bytes_acked"),
                    Number("bytes_received"),
                    Regex.Match(details, @"\bretrans:\d+/(\d+)") is { Success: true } again ? long.Parse(again.Groups[1].Value, CultureInfo.InvariantCulture) : 0,
                    (long)Math.Round(rtt * 1000)));
        }

        return sessions;
    }

    [GeneratedRegex(@"^ESTAB\s+\d+\s+\d+\s+\S+:(?<local>\d+)\s+\S+:(?<remote>\d+)\s*\n\s+(?<details>.*)$", RegexOptions.Multiline)]
    private static partial Regex Socket();
}
