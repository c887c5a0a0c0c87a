using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>A refusal in words.</summary>
/// <param name="Kind">What the verifier found.</param>
/// <param name="Words">What it means, the story of the value and what to write, without an end; empty for <see cref="VerifierErrorKind.Other"/>.</param>
/// <param name="Line">The kernel's line that says it.</param>
/// <param name="Position">Where, for example <c>Probe.cs(12,20)</c>; empty if the object does not say.</param>
/// <param name="Calls">The calls that it is in, innermost first.</param>
internal sealed record VerifierExplanation(VerifierErrorKind Kind, string Words, string Line, string Position, IReadOnlyList<string> Calls)
{
    /// <summary>Explains what a log says of a program. Pure, and never throws for any log.</summary>
    public static VerifierExplanation Of(VerifierLog log, LinkedProgram program)
    {
        var facts = new VerifierFacts(log, program);
        foreach ((string pattern, VerifierErrorKind kind, Func<VerifierFacts, string[], string> words) in VerifierRules.All)
        {
            foreach (string complaint in log.Complaints)
            {
                if (LogPattern.Match(complaint, pattern) is { } values)
                {
                    bool isReleased = kind == VerifierErrorKind.NotAPointer && facts.FindRelease(VerifierRules.Register(values[0])) is not null;
                    return new VerifierExplanation(isReleased ? VerifierErrorKind.UseAfterRelease : kind, words(facts, values), LineOf(log), WhereIs(facts), CallsOf(facts));
                }
            }
        }

        return new VerifierExplanation(VerifierErrorKind.Other, "", log.DecisiveLine, WhereIs(facts), CallsOf(facts));
    }

    // Since 7.3 the decisive line is prose; the line that people search for is the one before it.
    private static string LineOf(VerifierLog log) =>
        log.Complaints.Count == 0 || log.Complaints.Contains(log.DecisiveLine) ? log.DecisiveLine : log.Complaints[^1];

    private static string WhereIs(VerifierFacts facts) => facts.Log.Instruction < 0 ? "" : facts.Source.PositionOf(facts.Log.Instruction);

    private static List<string> CallsOf(VerifierFacts facts)
    {
        var calls = new List<string>();
        if (facts.Log.Instruction < 0)
        {
            return calls;
        }

        calls.AddRange(facts.Source.InlinedCallsOf(facts.Log.Instruction));
        IReadOnlyList<VerifierStep> path = facts.Log.Path;
        for (int i = path.Count - 1, frame = i < 0 ? 0 : path[i].Frame; i >= 0 && frame > 0; i--)
        {
            if (path[i].Frame >= frame)
            {
                continue;
            }

            frame = path[i].Frame;
            string callee = facts.Source.FunctionOf(path[Math.Min(i + 1, path.Count - 1)].Slot);
            string position = facts.Source.PositionOf(path[i].Slot);
            calls.Add(position.Length == 0 ? callee : string.Create(CultureInfo.InvariantCulture, $"{callee}, called at {position}"));
            calls.AddRange(facts.Source.InlinedCallsOf(path[i].Slot));
        }

        return calls;
    }
}
