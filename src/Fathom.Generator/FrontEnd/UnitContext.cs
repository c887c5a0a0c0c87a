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
    private readonly Dictionary<SyntaxNode, IOperation?> _operations;
    private readonly Dictionary<IMethodSymbol, BodyFacts> _facts = new(SymbolEqualityComparer.Default);

    public UnitContext(Compilation compilation, Module module, ObjectShape shape, Layouts layouts, PointerSpaces spaces, Dictionary<SyntaxNode, IOperation?> operations, CancellationToken cancellation)
    {
        _operations = operations;
        Compilation = compilation;
        Module = module;
        Shape = shape;
        Layouts = layouts;
        Spaces = spaces;
        Cancellation = cancellation;
        Types = new BtfTypes(module.Types, layouts);
        Positions = new SourcePositions(compilation);
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

    /// <summary>Runs one step; whatever goes wrong becomes a diagnostic.</summary>
    public void Guard(Location where, Action step)
    {
        try
        {
            step();
        }
        catch (LoweringException e)
        {
            Diagnostics.Add(e.Diagnostic);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Diagnostics.Add(Diagnostic.Create(Descriptors.Internal, where, ObjectCompiler.Brief(e)));
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

    /// <summary>The operation of a method's declaration. A method is bound once, however often it is copied into others.</summary>
    public IOperation? OperationOf(SyntaxNode syntax)
    {
        if (!_operations.TryGetValue(syntax, out IOperation? operation))
        {
#pragma warning disable RS1030 // A called method may be in any file of the project.
            operation = Compilation.GetSemanticModel(syntax.SyntaxTree).GetOperation(syntax, Cancellation);
#pragma warning restore RS1030
            _operations[syntax] = operation;
        }

        return operation;
    }

    public BodyFacts FactsOf(IMethodSymbol method, Func<IEnumerable<IOperation>> bodies)
    {
        if (!_facts.TryGetValue(method, out BodyFacts? facts))
        {
            facts = BodyFacts.Of(bodies());
            _facts[method] = facts;
        }

        return facts;
    }
}
