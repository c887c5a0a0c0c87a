using System;
using System.Collections.Generic;
using System.Threading;
using Fathom.Compiler.IR;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>What all functions of one object share while they are lowered.</summary>
internal sealed class UnitContext
{
    private readonly Dictionary<string, Global> _literals = new(StringComparer.Ordinal);

    public UnitContext(Compilation compilation, Module module, ObjectShape shape, Layouts layouts, SourcePositions positions, PointerSpaces spaces, Bodies bodies, CancellationToken cancellation)
    {
        Compilation = compilation;
        Module = module;
        Shape = shape;
        Layouts = layouts;
        Spaces = spaces;
        Bodies = bodies;
        Purity = new Purity(bodies);
        Cancellation = cancellation;
        Types = new BtfTypes(module.Types, layouts);
        Positions = positions;
    }

    public Compilation Compilation { get; }

    public Module Module { get; }

    public ObjectShape Shape { get; }

    public Layouts Layouts { get; }

    public BtfTypes Types { get; }

    public SourcePositions Positions { get; }

    public CancellationToken Cancellation { get; }

    public List<Diagnostic> Diagnostics { get; } = [];

    public Dictionary<IFieldSymbol, Global> Globals { get; } = new(SymbolEqualityComparer.Default);

    public Dictionary<string, Function> Subprograms { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Location> FunctionPlaces { get; } = new(StringComparer.Ordinal);

    public HashSet<string> FunctionNames { get; } = new(StringComparer.Ordinal);

    /// <summary>Variables whose declaration was refused: what uses them is not reported again.</summary>
    public HashSet<ISymbol> Broken { get; } = new(SymbolEqualityComparer.Default);

    /// <summary>What the pointers in variables point into.</summary>
    public PointerSpaces Spaces { get; }

    public Bodies Bodies { get; }

    public Purity Purity { get; }

    /// <summary>Runs one step; whatever goes wrong becomes a diagnostic.</summary>
    public void Guard(Location where, Action step)
    {
        try
        {
            step();
        }
        catch (LoweringException e)
        {
            Report(e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Diagnostics.Add(Diagnostic.Create(Descriptors.Internal, where, ObjectCompiler.Brief(e)));
        }
    }

    /// <summary>Notes what was refused; a mere consequence of something refused elsewhere is not said again.</summary>
    public void Report(LoweringException refusal)
    {
        if (!refusal.IsConsequence || Diagnostics.Count == 0)
        {
            Diagnostics.Add(refusal.Diagnostic);
        }
    }

    /// <summary>A literal in .rodata, with a NUL behind it; equal ones are one.</summary>
    public Global Literal(byte[] bytes)
    {
        string key = Convert.ToBase64String(bytes);
        if (!_literals.TryGetValue(key, out Global? global))
        {
            var withNul = new byte[bytes.Length + 1];
            Array.Copy(bytes, withNul, bytes.Length);
            global = Module.AddGlobal(".str" + _literals.Count, DataSection.ReadOnly, withNul, 1, 0);
            _literals[key] = global;
        }

        return global;
    }
}
