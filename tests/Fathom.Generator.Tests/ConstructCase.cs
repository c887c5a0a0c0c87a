using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace Fathom.Generator.Tests;

/// <summary>
/// One construct of the language, from a file in Cases/Constructs: a name, the body of a method of two numbers, and what stands around it.
/// Lines that begin with "=>" are the diagnostics that it gets, in the order of the source.
/// </summary>
public sealed class ConstructCase
{
    private static readonly Lazy<ImmutableArray<ConstructCase>> s_all = new(() => [.. Directory.GetFiles(Folder, "*.txt").Order(StringComparer.Ordinal).SelectMany(f => Read(File.ReadAllLines(f)))]);

    private readonly Dictionary<string, string> _parts = [];

    private ConstructCase(string name) => Name = name;

    public static ImmutableArray<ConstructCase> All => s_all.Value;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Cases", "Constructs");

    public string Name { get; }

    public string Namespace => "Case_" + Regex.Replace(Name, "[^A-Za-z0-9]", "_");

    /// <summary>The diagnostics: id, what is underlined, and the message.</summary>
    public List<string> Expected { get; } = [];

    public bool IsRefused => Expected.Count > 0;

    public string Source => $$"""
        #pragma warning disable
        using Fathom.Bpf;
        {{Part("usings")}}
        namespace {{Namespace}};
        struct Slot { public ulong A, B, Result; }
        {{Part("types")}}
        [BpfObject]
        static unsafe partial class P
        {
            [Map(MaxEntries = 1)] static readonly ArrayMap<Slot> Io;
            {{Part("members")}}
            static ulong Run(ulong a, ulong b)
            {
        {{Part("body")}}
            }

            [Syscall]
            static int Program()
            {
                Slot* slot = Io.Lookup(0);
                if (slot == null) { return 0; }
                slot->Result = Run(slot->A, slot->B);
                return 1;
            }
        }
        """;

    /// <summary>Text on one line.</summary>
    public static string Squeeze(string text) => Regex.Replace(text, @"\s+", " ");

    private string Part(string name) => _parts.GetValueOrDefault(name, "");

    private static IEnumerable<ConstructCase> Read(string[] lines)
    {
        ConstructCase? current = null;
        string part = "body";
        foreach (string line in lines)
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                if (current is not null)
                {
                    yield return current;
                }

                (current, part) = (new ConstructCase(line[3..]), "body");
            }
            else if (line is "usings:" or "types:" or "members:")
            {
                part = line[..^1];
            }
            else if (line.StartsWith("=> ", StringComparison.Ordinal))
            {
                current!.Expected.Add(line[3..]);
            }
            else if (current is not null)
            {
                current._parts[part] = current.Part(part) + line + "\n";
            }
        }

        if (current is not null)
        {
            yield return current;
        }
    }
}
