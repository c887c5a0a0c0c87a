using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Output.Rows;
using Fathom.Output.Text;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Doctor;

/// <summary>
/// A report for people: the answer in one line, then each tool, then what to change. In full also how the tools trace, the machine, and the features
/// with their evidence.
/// </summary>
public sealed class DoctorText
{
    private const int VerdictColumn = 14;
    private const int SourceColumn = 22;
    private const int FactColumn = 28;
    private const int AnswerColumn = 11;

    private readonly StringBuilder _text = new();
    private readonly TextLayout _layout;
    private readonly bool _isFull;

    private DoctorText(TextLayout layout, bool isFull)
    {
        _layout = layout;
        _isFull = isFull;
    }

    /// <summary>The report in lines that fit a terminal.</summary>
    /// <param name="report">What was found.</param>
    /// <param name="layout">The terminal.</param>
    /// <param name="isFull">Whether everything is shown, and not the answer alone.</param>
    public static StringBuilder Write(DoctorReport report, TextLayout layout, bool isFull)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(layout);
        return new DoctorText(layout, isFull).WriteAll(report);
    }

    /// <summary>An answer as a word.</summary>
    internal static string WordOf(FeatureSupport support) => support switch
    {
        FeatureSupport.Yes => "yes",
        FeatureSupport.No => "no",
        _ => "unknown",
    };

    // What is asked for first: does it work?
    private static string AnswerOf(DoctorReport report)
    {
        string[] not = [.. report.Tools.Where(static tool => !tool.Examination.Runs).Select(static tool => tool.Name)];
        int inPart = report.Tools.Count(static tool => tool.Examination.Runs && tool.Examination.Parts.Any(static part => !part.Runs));
        string part = inPart > 0 ? $", {inPart} of them in part" : "";
        int all = report.Tools.Count;
        return not.Length == 0 ? $"All {all} tools run on this machine{part}."
            : not.Length == all ? "No tool runs on this machine as this user."
            : $"{all - not.Length} of {all} tools run on this machine{part}; {string.Join(", ", not)} {(not.Length == 1 ? "does" : "do")} not.";
    }

    private StringBuilder WriteAll(DoctorReport report)
    {
        Words(AnswerOf(report), 0);
        _text.Append('\n');
        foreach (ToolFinding tool in report.Tools)
        {
            WriteTool(tool);
        }

        WriteChanges(report);
        if (!_isFull)
        {
            Heading("How each tool traces, the machine and the kernel's features: fathom doctor -v");
            return _text;
        }

        WritePrivileges(report);
        Heading("The machine, as this process sees it:");
        foreach (MachineFact fact in report.Facts)
        {
            Start("  " + fact.Name, FactColumn);
            Words(fact.Meaning.Length == 0 ? fact.Value : $"{fact.Value} ({fact.Meaning})", FactColumn);
        }

        Heading("Features of the kernel, each tried (with the version of Linux it came in):");
        foreach (FeatureFinding finding in report.Features)
        {
            Start("  " + WordOf(finding.Answer.Support), AnswerColumn);
            string cause = finding.Answer.Cause is RefusalCause.None or RefusalCause.Other ? "" : ", " + finding.Answer.Cause.Word();
            Words($"{finding.Feature.Name} ({finding.Feature.Since}){cause}: {finding.Answer.Evidence}", AnswerColumn);
        }

        return _text;
    }

    private void WriteTool(ToolFinding tool)
    {
        IReadOnlyList<ToolPart> parts = tool.Examination.Parts;
        bool isWhole = parts.All(static part => part.Runs);
        Start("  " + tool.Name, VerdictColumn);
        string verdict = isWhole ? "runs" : tool.Examination.Runs ? "in part" : "no";
        bool isOneTrouble = parts.All(part => part.Obstacle is { } obstacle && obstacle.Cause == parts[0].Obstacle?.Cause);
        if (isWhole && !_isFull)
        {
            _text.Append(verdict).Append('\n');
        }
        else if (parts.Count == 1 || isOneTrouble)
        {
            Start(verdict, SourceColumn - VerdictColumn);
            Words(HowOrWhy(parts[0]), SourceColumn);
        }
        else
        {
            _text.Append(verdict).Append('\n');
            foreach (ToolPart part in parts.Where(part => _isFull || !part.Runs))
            {
                _text.Append(' ', VerdictColumn);
                Words($"{part.Name}: {(part.Runs ? "" : "no, ")}{HowOrWhy(part)}", VerdictColumn, VerdictColumn + 2);
            }
        }

        foreach (string limit in tool.Examination.Runs ? tool.Examination.Limits : [])
        {
            _text.Append(' ', SourceColumn);
            Words("but " + limit, SourceColumn);
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
    private void WriteChanges(DoctorReport report)
    {
        var troubles = report.Tools
            .SelectMany(static tool => tool.Examination.Parts.Where(static part => part.Obstacle is not null)
                .GroupBy(static part => (part.Obstacle!.Cause, part.Obstacle.Remedy))
                .Select(parts => (parts.Key, Name: parts.Count() == tool.Examination.Parts.Count ? tool.Name
                    : $"{tool.Name} ({string.Join(", ", parts.Select(static part => part.Name))})")))
            .GroupBy(static trouble => trouble.Key)
            .ToList();
        if (troubles.Count == 0)
        {
            return;
        }

        Heading("What to change:");
        foreach (var trouble in troubles)
        {
            _text.Append("  ");
            Words($"{string.Join(", ", trouble.Select(static one => one.Name))}: {trouble.Key.Remedy}", 2, 4);
        }
    }

    private void WritePrivileges(DoctorReport report)
    {
        IReadOnlyList<PrivilegeFinding> privileges = report.Privileges;
        if (privileges.Count == 0)
        {
            return;
        }

        Heading("What privileges would add:");
        foreach (PrivilegeFinding privilege in privileges)
        {
            _text.Append("  ");
            Words($"With {privilege.Missing}: {ThatAdds(report, privilege)}", 2, 4);
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

    private void Heading(string words)
    {
        _text.Append('\n');
        Words(words, 0);
    }

    private void Start(string word, int width) => _text.Append(word).Append(' ', Math.Max(1, width - word.Length));

    // What came from the machine must not drive the terminal.
    private void Words(string words, int column, int? indent = null) =>
        _text.AppendWrapped(Escaping.Escape(words), column, indent ?? column, _layout);
}
