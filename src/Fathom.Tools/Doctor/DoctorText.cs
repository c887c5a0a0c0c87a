using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Output.Rows;
using Fathom.Output.Text;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Doctor;

/// <summary>A report for people: verdicts first, then what to change, then the machine, then the features with their evidence.</summary>
public static class DoctorText
{
    private const int VerdictColumn = 14;
    private const int SourceColumn = 22;
    private const int FactColumn = 28;
    private const int AnswerColumn = 11;

    /// <summary>The report in lines that fit a terminal.</summary>
    public static StringBuilder Write(DoctorReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var text = new StringBuilder("Tools, each started and ended:\n");
        foreach (ToolFinding tool in report.Tools)
        {
            WriteTool(text, tool);
        }

        WriteChanges(text, report);
        WritePrivileges(text, report);
        text.Append("\nThe machine, as this process sees it:\n");
        foreach (MachineFact fact in report.Facts)
        {
            Start(text, "  " + fact.Name, FactColumn);
            Words(text, fact.Meaning.Length == 0 ? fact.Value : $"{fact.Value} ({fact.Meaning})", FactColumn);
        }

        text.Append("\nFeatures of the kernel, each tried (with the version of Linux it came in):\n");
        foreach (FeatureFinding finding in report.Features)
        {
            Start(text, "  " + WordOf(finding.Answer.Support), AnswerColumn);
            string cause = finding.Answer.Cause is RefusalCause.None or RefusalCause.Other ? "" : ", " + finding.Answer.Cause.Word();
            Words(text, $"{finding.Feature.Name} ({finding.Feature.Since}){cause}: {finding.Answer.Evidence}", AnswerColumn);
        }

        return text;
    }

    /// <summary>An answer as a word.</summary>
    internal static string WordOf(FeatureSupport support) => support switch
    {
        FeatureSupport.Yes => "yes",
        FeatureSupport.No => "no",
        _ => "unknown",
    };

    private static void WriteTool(StringBuilder text, ToolFinding tool)
    {
        IReadOnlyList<ToolPart> parts = tool.Examination.Parts;
        bool isWhole = parts.All(static part => part.Runs);
        Start(text, "  " + tool.Name, VerdictColumn);
        string verdict = isWhole ? "runs" : tool.Examination.Runs ? "in part" : "no";
        if (parts.Count == 1)
        {
            Start(text, verdict, SourceColumn - VerdictColumn);
            Words(text, HowOrWhy(parts[0]), SourceColumn);
        }
        else
        {
            text.Append(verdict).Append('\n');
            foreach (ToolPart part in parts)
            {
                text.Append(' ', VerdictColumn);
                Words(text, $"{part.Name}: {(part.Runs ? "" : "no, ")}{HowOrWhy(part)}", VerdictColumn, VerdictColumn + 2);
            }
        }

        foreach (string limit in tool.Examination.Runs ? tool.Examination.Limits : [])
        {
            text.Append(' ', SourceColumn);
            Words(text, "but " + limit, SourceColumn);
        }
    }

    private static string HowOrWhy(ToolPart part) => part.Obstacle is { } obstacle
        ? obstacle.Cause.Word()
        : string.Join("; ", part.Sources.GroupBy(static source => source.Way, StringComparer.Ordinal)
            .Select(static way => string.Join(": ", [way.Key, .. Targets(way)])));

    // None where the place is a number, as in a file.
    private static string[] Targets(IEnumerable<TraceSource> sources)
    {
        string targets = string.Join(", ", sources.Select(static source => source.Target).Where(static target => target.Length > 0).Distinct());
        return targets.Length > 0 ? [targets] : [];
    }

    // One sentence for all tools that have the same trouble.
    private static void WriteChanges(StringBuilder text, DoctorReport report)
    {
        var troubles = report.Tools
            .SelectMany(static tool => tool.Examination.Parts.Where(static part => part.Obstacle is not null)
                .Select(part => (Name: part.Name.Length == 0 ? tool.Name : $"{tool.Name} ({part.Name})", Obstacle: part.Obstacle!)))
            .GroupBy(static trouble => (trouble.Obstacle.Cause, trouble.Obstacle.Remedy))
            .ToList();
        if (troubles.Count == 0)
        {
            return;
        }

        text.Append("\nWhat to change:\n");
        foreach (var trouble in troubles)
        {
            text.Append("  ");
            Words(text, $"{string.Join(", ", trouble.Select(static one => one.Name))}: {trouble.Key.Remedy}", 2, 4);
        }
    }

    private static void WritePrivileges(StringBuilder text, DoctorReport report)
    {
        IReadOnlyList<PrivilegeFinding> privileges = report.Privileges;
        if (privileges.Count == 0)
        {
            return;
        }

        text.Append("\nWhat privileges would add:\n");
        foreach (PrivilegeFinding privilege in privileges)
        {
            text.Append("  ");
            Words(text, $"With {privilege.Missing}: {ThatAdds(report, privilege)}", 2, 4);
        }
    }

    private static string ThatAdds(DoctorReport report, PrivilegeFinding privilege)
    {
        var parts = new List<string>();
        if (privilege.Tools.Count > 0)
        {
            // What can be seen without privileges decides the rest.
            FeatureFinding? types = report.Features.FirstOrDefault(static finding => finding.Feature == KernelFeatures.KernelTypes);
            string outlook = types is null ? ""
                : types.Answer.Support == FeatureSupport.Yes ? " (of what they need besides, the kernel's types are there)"
                : " (but they would lack the kernel's types)";
            parts.Add(string.Join(", ", privilege.Tools) + outlook);
        }

        if (privilege.Features.Count > 0)
        {
            parts.Add("an answer about " + string.Join(", ", privilege.Features));
        }

        return string.Join("; and ", parts);
    }

    private static void Start(StringBuilder text, string word, int width) => text.Append(word).Append(' ', Math.Max(1, width - word.Length));

    // What came from the machine must not drive the terminal.
    private static void Words(StringBuilder text, string words, int column, int? indent = null) =>
        text.AppendWrapped(Escaping.Escape(words), column, indent ?? column);
}
