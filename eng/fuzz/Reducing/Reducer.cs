using System;
using System.Linq;
using Fathom.Compiler;
using Fathom.Fuzzing.Running;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Fathom.Fuzzing.Reducing;

/// <summary>
/// Makes a finding small: tries every simpler form of its source (<see cref="Simplifications"/>), the boldest first, and keeps each in which
/// the same is found, until none is left. Many forms share a compilation; what C# refuses is merely not kept.
/// </summary>
internal sealed class Reducer
{
    private const int AtOnce = 24;
    private const int Inputs = 60;

    private readonly Action<string> _say;
    private readonly CompilerOptions? _compiler;
    private readonly Oracles _oracles;
    private Subject _best;

    public Reducer(Subject subject, Action<string> say, CompilerOptions? compiler = null)
    {
        (_best, _say, _compiler) = (subject, say, compiler);
        // The interpreter alone, if it sees it too: it is faster, and it stops where the kernel would go on somewhere else.
        Start = Trial.Of(subject, Inputs, Oracles.Interpreter, compiler);
        _oracles = Oracles.Interpreter;
        if (Start.Verdict == Verdict.Agree)
        {
            _oracles |= Oracles.Kernel;
            Start = Trial.Of(subject, Inputs, _oracles, compiler);
        }
    }

    /// <summary>What is found in the source as it was given.</summary>
    public Trial Start { get; }

    public Subject Run()
    {
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (Simplification kind in Enum.GetValues<Simplification>())
            {
                while (Step(kind))
                {
                    changed = true;
                    _say($"{_best.Source.Count(c => c == '\n')} lines, {_best.Source.Length} characters ({kind})");
                }
            }
        }

        return _best;
    }

    /// <summary>Applies as many simplifications of a kind as possible, one pass over the source.</summary>
    private bool Step(Simplification kind)
    {
        bool changed = false;
        int at = 0;
        while (true)
        {
            // Those before have been tried; a success changes what follows, not what is before.
            string[] candidates = [.. Simplifications.Of(Parse(_best.Source), kind).Skip(at).Take(AtOnce)];
            if (candidates.Length == 0)
            {
                return changed;
            }

            int found = First(candidates);
            if (found < 0)
            {
                at += candidates.Length;
                continue;
            }

            changed = true;
            at += found;
            _best = _best with { Source = candidates[found] };
        }
    }

    private int First(string[] sources)
    {
        // Each gets a class of its own.
        Subject[] subjects = [.. sources.Select((s, i) => _best with { Name = _best.Name + "_" + i, Source = Rename(s, _best.Name, _best.Name + "_" + i) })];
        using Batch batch = Batch.Compile(subjects, _compiler);
        for (int i = 0; i < subjects.Length; i++)
        {
            Trial trial = Trial.Run(batch.Subjects[i], Input.Of(_best.Seed, Inputs), _oracles, new Clock());
            if (trial.Verdict == Start.Verdict && Kind(trial.Message) == Kind(Start.Message))
            {
                return i;
            }
        }

        return -1;
    }

    // The message without its numbers and places: what was found, not where.
    private static string Kind(string message) =>
        message.StartsWith("input ", StringComparison.Ordinal) ? "input" : new string([.. message.Split('\n')[0].Where(c => !char.IsAsciiHexDigit(c) && c is not (',' or '_'))]);

    private static string Rename(string source, string from, string to) => source.Replace("class " + from + "\n", "class " + to + "\n", StringComparison.Ordinal);

    private static SyntaxNode Parse(string source) => CSharpSyntaxTree.ParseText(source).GetRoot();
}
