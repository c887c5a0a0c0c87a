using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Fathom.Compiler;
using Fathom.Compiler.IR;
using Fathom.Format.Objects;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>What lowering a class gave: a module for the compiler, or diagnostics.</summary>
internal sealed record LoweredObject(Module Module, ObjectShape Shape, ImmutableArray<Diagnostic> Diagnostics, IReadOnlyDictionary<string, Location> Functions, SourcePositions Positions)
{
    /// <summary>True if there is no module, also where all reasons are the C# compiler's to say.</summary>
    public bool IsRefused { get; init; }
}

/// <summary>From a class marked [BpfObject] to a module in the compiler's intermediate form. Shared by the generator and the analyzer.</summary>
internal sealed class ObjectCompiler
{
    // Joined pointer spaces only ever climb a short ladder, so this is never reached for more than a few variables at once.
    private const int MaxAttempts = 50;

    private readonly Compilation _compilation;
    private readonly CancellationToken _cancellation;
    private readonly PointerSpaces _spaces = new();
    private readonly Bodies _bodies;
    private readonly Layouts _layouts;
    private readonly SourcePositions _positions;

    private ObjectCompiler(Compilation compilation, CancellationToken cancellation)
    {
        _compilation = compilation;
        _cancellation = cancellation;
        _bodies = new Bodies(compilation, cancellation);
        _layouts = new Layouts(compilation);
        _positions = new SourcePositions(compilation);
    }

    public static LoweredObject Lower(INamedTypeSymbol type, Compilation compilation, CancellationToken cancellation) =>
        new ObjectCompiler(compilation, cancellation).Run(type);

    /// <summary>Compiles what was lowered without problems; what the back end refuses becomes a diagnostic like any other.</summary>
    public static (BpfObject? Object, ImmutableArray<Diagnostic> Diagnostics) Compile(LoweredObject lowered, INamedTypeSymbol type, CompilerOptions? options = null)
    {
        CompilerResult result = BpfCompiler.Compile(lowered.Module, options ?? new CompilerOptions());
        var diagnostics = result.Problems.Select(p => Diagnostic.Create(
            Descriptors.BackEnd, Place(p, lowered, type), p.Function, p.Message)).ToImmutableArray();
        return (diagnostics.IsEmpty ? result.Object : null, diagnostics);
    }

    public static string Brief(Exception e)
    {
        string trace = (e.StackTrace ?? "").Split('\n').FirstOrDefault()?.Trim() ?? "";
        return e.GetType().Name + ": " + e.Message.Replace('\n', ' ') + " " + trace;
    }

    /// <summary>The expression to blame, or the function if it is all of it.</summary>
    private static Location Place(CompilerProblem problem, LoweredObject lowered, INamedTypeSymbol type) =>
        (problem.Position is { } at ? lowered.Positions.Find(at) : null) ?? (lowered.Functions.TryGetValue(problem.Function, out Location? function) ? function : type.Place());

    private LoweredObject Run(INamedTypeSymbol type)
    {
        var shape = ObjectShape.Read(type, _layouts, _compilation);
        LoweredObject result = Attempt(shape, out bool again);
        for (int i = 0; again && i < MaxAttempts; i++)
        {
            result = Attempt(shape, out again);
        }

        return result with { Diagnostics = BrokenCode.LeaveAway(result.Diagnostics, type, _compilation, _cancellation), IsRefused = !result.Diagnostics.IsEmpty };
    }

    private LoweredObject Attempt(ObjectShape shape, out bool again)
    {
        var module = new Module { License = shape.License };
        var unit = new UnitContext(_compilation, module, shape, _layouts, _positions, _spaces, _bodies, _cancellation);
        unit.Diagnostics.AddRange(shape.Problems);
        unit.FunctionNames.UnionWith(shape.Maps.Select(m => m.Field.Name).Concat(shape.Globals.Select(g => BtfTypes.Identifier(g.Field.Name))).Concat(shape.Programs.Select(p => p.Name)));
        foreach (MapShape map in shape.Maps)
        {
            unit.Guard(map.Field.Place(), () => module.AddMap(Define(map, unit)));
        }

        foreach (GlobalShape global in shape.Globals)
        {
            unit.Guard(global.Field.Place(), () => unit.Globals[global.Field] = module.AddGlobal(
                BtfTypes.Identifier(global.Field.Name), global.Section, global.Initial, global.Alignment, unit.Types.Of(global.Field.Type, global.Field.Place())));
        }

        if (shape.Programs.FirstOrDefault(p => p.Kind.Arguments == ArgumentSource.Usdt && p.Method.Parameters.Length > 0 && !p.Kind.TakesContext(p.Method)) is { } usdt
            && _compilation.GetTypeByMetadataName(Symbols.Vocabulary + ".UsdtSpec") is { } spec)
        {
            unit.Guard(usdt.Method.Place(), () => module.AddMap(Lowering.UsdtMap(unit, spec, usdt.Method.Place())));
        }

        IMethodSymbol? refused = null;
        foreach (ProgramShape program in shape.Programs)
        {
            _cancellation.ThrowIfCancellationRequested();
            if (program.IsOtherForm && SymbolEqualityComparer.Default.Equals(refused, program.Method))
            {
                // What is wrong with the method was said of its first form.
                continue;
            }

            int before = unit.Diagnostics.Count;
            unit.Guard(program.Method.Place(), () => Lowering.Program(unit, program));
            refused = unit.Diagnostics.Count > before ? program.Method : null;
        }

        again = _spaces.IsUnsettled();
        var distinct = unit.Diagnostics.GroupBy(d => (d.Id, d.Location, d.GetMessage())).Select(g => g.First()).ToImmutableArray();
        return new LoweredObject(module, shape, distinct, unit.FunctionPlaces, _positions);
    }

    private static MapDefinition Define(MapShape map, UnitContext unit)
    {
        Location where = map.Field.Place();
        bool hasUintKey = map.Key is null && map.Type is MapType.StackTrace or MapType.CgroupArray or MapType.ProgramArray or MapType.PerfEventArray;
        bool isStorage = map.Type is MapType.TaskStorage or MapType.CgroupStorage;
        return new MapDefinition
        {
            Name = BtfTypes.Identifier(map.Field.Name),
            Type = map.Type,
            KeySize = map.Key is not null ? unit.Layouts.SizeOf(map.Key, where) : map.Value is not null || hasUintKey ? 4 : 0,
            ValueSize = map.Value is not null ? unit.Layouts.SizeOf(map.Value, where) : map.Type == MapType.StackTrace ? map.StackDepth * 8 : hasUintKey ? 4 : 0,
            MaxEntries = map.MaxEntries,
            Flags = map.Flags,
            KeyTypeId = map.Key is not null ? unit.Types.Of(map.Key, where) : map.Value is not null ? isStorage ? unit.Types.Int() : unit.Types.Of(unit.Compilation.GetSpecialType(SpecialType.System_UInt32), where) : 0,
            ValueTypeId = map.Value is not null ? unit.Types.Of(map.Value, where) : 0,
        };
    }
}
