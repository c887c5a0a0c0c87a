using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>Man pages, in the macros of man(7).</summary>
internal sealed class ManPage
{
    private readonly StringBuilder _text = new();

    private ManPage(string name, string version) =>
        _text.Append($".TH {Escape(name.ToUpperInvariant())} 1 \"\" \"fathom {version}\" \"Fathom\"\n.nh\n.ad l\n");

    /// <summary>The page of the program.</summary>
    public static string OfProgram(IReadOnlyList<ITool> tools, string version)
    {
        var page = new ManPage("fathom", version);
        page.Section("NAME").Line($"fathom - {HelpText.Summary}");
        page.Section("SYNOPSIS").Line("fathom TOOL [options]", ".B ");
        page.Section("TOOLS").Entries(tools.Select(static tool => ($"{tool.Description.Name}", tool.Description.Summary + ".")));
        page.Section("COMMANDS").Entries(CommandSyntax.Commands(tools).Select(static command => (command.Name, command.Summary + ".")));
        page.Section("OPTIONS").Entries([("--help", "Show the tools."), ("--version", "Show the version.")]);
        page.ExitStatus();
        return page.SeeAlso(tools.Select(static tool => "fathom-" + tool.Description.Name));
    }

    /// <summary>The page of a tool or command.</summary>
    public static string Of(CommandSyntax syntax, string version)
    {
        var page = new ManPage("fathom-" + syntax.Name, version);
        page.Section("NAME").Line($"fathom-{syntax.Name} - {syntax.Summary}");
        page.Section("SYNOPSIS").Line($"fathom {syntax.Name} {syntax.Usage}", ".B ");
        if (syntax.Notes.Count > 0 || syntax.Operands.Any())
        {
            page.Section("DESCRIPTION");
            page.Entries(syntax.Operands);
            for (int i = 0; i < syntax.Notes.Count; i++)
            {
                page.Line(syntax.Notes[i], i > 0 || syntax.Operands.Any() ? ".PP\n" : "");
            }
        }

        page.Section("OPTIONS").Entries(syntax.Options.Select(static option => (CommandSyntax.TermOf(option), option.Help)));
        if (syntax.Columns.Count > 0)
        {
            page.Section("COLUMNS").Line("With their names in JSON, which has all of them, and for --by:");
            page.Entries(syntax.Columns.Select(static column => (column.Header, CommandSyntax.WordsOf(column))));
        }

        if (syntax.Examples.Count > 0)
        {
            page.Section("EXAMPLES").Entries(syntax.Examples.Select(example => ($"fathom {syntax.Name} {example.Arguments}".TrimEnd(), example.Meaning)));
        }

        if (syntax.TakesCommand)
        {
            page.ExitStatus();
        }

        if (syntax.BlindSpots.Count > 0)
        {
            page.Section("LIMITATIONS").Line("What it cannot see:");
            foreach (string blindSpot in syntax.BlindSpots)
            {
                page.Line(blindSpot, ".IP \\(bu 2\n");
            }
        }

        return page.SeeAlso(["fathom"]);
    }

    // A dot or a quote at the beginning of a line would be a request; a plain hyphen may be set as another character than the one that is typed.
    private static string Escape(string text) =>
        (text.StartsWith('.') || text.StartsWith('\'') ? @"\&" : "")
        + text.Replace(@"\", @"\e", StringComparison.Ordinal).Replace("-", @"\-", StringComparison.Ordinal)
            .Replace("'", @"\(aq", StringComparison.Ordinal).Replace("^", @"\(ha", StringComparison.Ordinal).Replace("~", @"\(ti", StringComparison.Ordinal)
            .Replace("`", @"\(ga", StringComparison.Ordinal).Replace("\"", @"\(dq", StringComparison.Ordinal);

    private ManPage Section(string name)
    {
        _text.Append($".SH {name}\n");
        return this;
    }

    private void Line(string words, string macro = "") => _text.Append(macro).Append(Escape(words)).Append('\n');

    private void Entries(IEnumerable<(string Term, string Words)> entries)
    {
        foreach ((string term, string words) in entries)
        {
            Line(term, ".TP\n.B ");
            Line(words);
        }
    }

    private void ExitStatus() => Section("EXIT STATUS").Entries(HelpText.ExitCodes);

    private string SeeAlso(IEnumerable<string> pages)
    {
        string[] all = [.. pages];
        Section("SEE ALSO");
        for (int i = 0; i < all.Length; i++)
        {
            _text.Append($".BR {Escape(all[i])} (1){(i + 1 < all.Length ? " ," : "")}\n");
        }

        return _text.ToString();
    }
}
