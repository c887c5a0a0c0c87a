using System.Collections.Generic;
using System.Linq;
using Fathom.Format.Objects;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Generator.FrontEnd;

/// <summary>A map field.</summary>
internal sealed record MapShape(IFieldSymbol Field, MapType Type, ITypeSymbol? Key, ITypeSymbol? Value, int MaxEntries, uint Flags, int StackDepth)
{
    /// <summary>The constant or condition that says whether it has room; null if it always has.</summary>
    public string? Condition { get; init; }
}

/// <summary>A static field that is a global, with the bytes that it starts with and its place in its section.</summary>
internal sealed record GlobalShape(IFieldSymbol Field, Compiler.IR.DataSection Section, byte[] Initial, int Alignment, int Offset, bool IsConstant)
{
    /// <summary>What is lost that it counts; null if it counts none.</summary>
    public LossShape? Loss { get; init; }

    /// <summary>The tracepoint that the kernel is asked for; null if the constant is the caller's.</summary>
    public TracepointShape? Tracepoint { get; init; }
}

/// <summary>What a counter marked [Loss] counts.</summary>
internal sealed record LossShape(string Kind, string Text);

/// <summary>A tracepoint that a kernel may have, with as many arguments; with any number if that is negative.</summary>
internal sealed record TracepointShape(string Name, int Arguments);

/// <summary>A method that the kernel runs.</summary>
internal sealed record ProgramShape(IMethodSymbol Method, string Name, string Section, ProgramKind Kind)
{
    /// <summary>True if it is there for kernels that do not have what the other program of the method needs.</summary>
    public bool IsOtherForm { get; init; }

    /// <summary>The constant or condition that says whether it is loaded; null if it always is.</summary>
    public string? Condition { get; init; }

    /// <summary>Its number among the programs; that of a program's other form is the same.</summary>
    public int Number { get; init; }
}

/// <summary>What a class marked [BpfObject] declares. Reading one compiles nothing.</summary>
internal sealed class ObjectShape
{
    private static readonly HashSet<string> s_added = ["Constants", "Programs", "Load", "Loaded", "GetObjectFile", "ReadObjectFile", "ObjectWords"];
    private static readonly HashSet<string> s_addedToLoaded = ["Object", "Constants", "Attach", "ReadLosses", "ReadCounters", "CountMissed", "ProgramNames", "Dispose", "Equals", "GetHashCode", "GetType", "ToString", "MemberwiseClone", "Finalize", "ReferenceEquals"];

    private readonly List<Diagnostic> _problems = [];
    private readonly Layouts _layouts;
    private readonly Compilation _compilation;
    private readonly LoadConditions _conditions;

    private ObjectShape(INamedTypeSymbol type, Layouts layouts, Compilation compilation)
    {
        _compilation = compilation;
        _conditions = new LoadConditions(this, compilation);
        Type = type;
        _layouts = layouts;
    }

    public INamedTypeSymbol Type { get; }

    /// <summary>The parts that it includes.</summary>
    public List<INamedTypeSymbol> Parts { get; } = [];

    public string License { get; private set; } = "Dual MIT/GPL";

    public List<MapShape> Maps { get; } = [];

    public List<GlobalShape> Globals { get; } = [];

    public List<ProgramShape> Programs { get; } = [];

    /// <summary>Properties of constants that are conditions, each with its expression.</summary>
    public IEnumerable<(ISymbol Property, string Expression)> Conditions => _conditions.Properties;

    /// <summary>What runs before each program; null for nothing.</summary>
    public IMethodSymbol? Before { get; private set; }

    /// <summary>What runs after each program; null for nothing.</summary>
    public IMethodSymbol? After { get; private set; }

    public IReadOnlyList<Diagnostic> Problems => _problems;

    /// <summary>True if the class is one that the build can add members to.</summary>
    public bool CanHaveMembers { get; private set; } = true;

    public static ObjectShape Read(INamedTypeSymbol type, Layouts layouts, Compilation compilation)
    {
        var shape = new ObjectShape(type, layouts, compilation);
        shape.ReadParts();
        shape.ReadType();
        shape.ReadMembers();
        return shape;
    }

    /// <summary>Reads a part by itself: what every object that includes it has.</summary>
    public static ObjectShape ReadPart(INamedTypeSymbol part, Layouts layouts, Compilation compilation)
    {
        var shape = new ObjectShape(part, layouts, compilation);
        shape.ReadMembers();
        return shape;
    }

    /// <summary>True for the class of the object and those of its parts.</summary>
    public bool IsOwn(ISymbol? type) =>
        SymbolEqualityComparer.Default.Equals(type, Type) || Parts.Any(p => SymbolEqualityComparer.Default.Equals(p, type));

    private void ReadMembers()
    {
        var ends = new int[3];
        foreach (ISymbol member in Members())
        {
            try
            {
                switch (member)
                {
                    case IFieldSymbol { IsStatic: true, IsConst: false, IsImplicitlyDeclared: false } field:
                        ReadField(field, ends);
                        break;
                    case IMethodSymbol method when method.ProgramAttribute() is { } attribute:
                        ReadProgram(method, attribute);
                        break;
                    case IMethodSymbol method when method.Has("BeforeProgram"):
                        Before = Around(method, Before);
                        break;
                    case IMethodSymbol method when method.Has("AfterProgram"):
                        After = Around(method, After);
                        break;
                }
            }
            catch (LoweringException e)
            {
                _problems.Add(e.Diagnostic);
            }
        }
    }

    private static IMethodSymbol Around(IMethodSymbol method, IMethodSymbol? other) =>
        other is not null ? throw Shape(method, "there is one such method already: '" + other.ContainingType.Name + "." + other.Name + "'")
        : !method.IsStatic || method.IsGenericMethod || method.Parameters.Length > 1 ? throw Shape(method, "it must be static, not generic, and take one parameter at most")
        : method.Has("BeforeProgram") && method.Parameters.Any(p => p.Type.SpecialType != SpecialType.System_UInt32) ? throw Shape(method, "it can take the program's number only, which is a uint")
        : Layouts.ScalarSize(method.ReturnType) == 0 && !method.ReturnsVoid ? throw Shape(method, "what it returns must be an integer or a pointer")
        : method;

    private static LoweringException Shape(IMethodSymbol method, string problem) => new(Descriptors.ProgramShape, method.Place(), method.Name, problem);

    private IEnumerable<ISymbol> Members() => Parts.Aggregate<INamedTypeSymbol, IEnumerable<ISymbol>>(Type.GetMembers(), static (all, part) => all.Concat(part.GetMembers()));

    private void ReadParts()
    {
        foreach (AttributeData attribute in Type.GetAttributes().Where(a => a.AttributeClass is { Name: "IncludesAttribute" } c && Symbols.IsIn(c, Symbols.Vocabulary)))
        {
            var part = attribute.ConstructorArguments.FirstOrDefault().Value as INamedTypeSymbol;
            string? wrong =
                part is null ? "a part is a class"
                : !part.Has("BpfPart") || !part.IsStatic || part.IsGenericType ? "'" + part.Name + "' is no part: only a static class marked [BpfPart] is, and no generic one"
                : part.DeclaringSyntaxReferences.IsEmpty ? "'" + part.Name + "' has no source here: a part is compiled into each object, so it must be in the same project"
                : IsOwn(part) ? "'" + part.Name + "' is included already"
                : null;
            if (wrong is not null)
            {
                Location where = attribute.ApplicationSyntaxReference is { } syntax ? Microsoft.CodeAnalysis.Location.Create(syntax.SyntaxTree, syntax.Span) : Type.Place();
                _problems.Add(Diagnostic.Create(Descriptors.NotSupported, where, "[Includes]: " + wrong));
                continue;
            }

            Parts.Add(part!);
        }
    }

    private void ReadType()
    {
        License = Type.Vocable("BpfObject")?.Named("License", License) ?? License;
        RefuseNames();
        var declarations = Type.DeclaringSyntaxReferences.Select(r => r.GetSyntax()).OfType<ClassDeclarationSyntax>().ToList();
        bool HasModifier(SyntaxKind kind) => declarations.Any(d => d.Modifiers.Any(kind));
        var missing = new List<string>();
        if (!Type.IsStatic)
        {
            missing.Add("static");
        }

        if (!HasModifier(SyntaxKind.UnsafeKeyword))
        {
            missing.Add("unsafe");
        }

        if (!HasModifier(SyntaxKind.PartialKeyword))
        {
            missing.Add("partial");
        }

        for (INamedTypeSymbol? outer = Type.ContainingType; outer is not null; outer = outer.ContainingType)
        {
            if (!outer.DeclaringSyntaxReferences.Any(r => r.GetSyntax() is TypeDeclarationSyntax t && t.Modifiers.Any(SyntaxKind.PartialKeyword)))
            {
                missing.Add("partial (to '" + outer.Name + "')");
            }
        }

        if (missing.Count > 0)
        {
            _problems.Add(Diagnostic.Create(Descriptors.ObjectShape, Type.Place(), Type.Name, string.Join(" ", missing)));
        }

        CanHaveMembers = _problems.Count == 0;
        if (Type.StaticConstructors.FirstOrDefault(c => !c.IsImplicitlyDeclared) is { } constructor)
        {
            _problems.Add(Diagnostic.Create(Descriptors.NotSupported, constructor.Place(), "A static constructor never runs in the kernel: give the values where the fields are declared, or mark the fields [Constant] and give the values to Load"));
        }

        for (INamedTypeSymbol? outer = Type.ContainingType; outer is not null; outer = outer.ContainingType)
        {
            if (outer.Arity > 0)
            {
                CanHaveMembers = false;
                _problems.Add(Diagnostic.Create(Descriptors.NotSupported, Type.Place(), "A BPF object cannot stand in the generic type '" + outer.Name + "': move it out"));
            }
        }

        if (Type.IsFileLocal)
        {
            CanHaveMembers = false;
            _problems.Add(Diagnostic.Create(Descriptors.NotSupported, Type.Place(), "The build adds a file with members of '" + Type.Name + "', so the class cannot be 'file': make it internal"));
        }

        if (Type.Arity > 0)
        {
            CanHaveMembers = false;
            _problems.Add(Diagnostic.Create(Descriptors.NotSupported, Type.Place(), "A BPF object cannot be generic: make its helper methods generic instead"));
        }
    }

    /// <summary>Names that the members have which the build adds, and names that are one in the object file.</summary>
    private void RefuseNames()
    {
        var names = new HashSet<string>();
        foreach (ISymbol member in Members().Where(m => m is { IsStatic: true, IsImplicitlyDeclared: false } and not IMethodSymbol { MethodKind: not MethodKind.Ordinary } || m is ITypeSymbol))
        {
            bool isData = member is IFieldSymbol { IsConst: false };
            bool isProgram = member is IMethodSymbol method && method.ProgramAttribute() is not null;
            if (s_added.Contains(member.Name) || (isData && s_addedToLoaded.Contains(member.Name)))
            {
                _problems.Add(Diagnostic.Create(Descriptors.NotSupported, member.Place(), "'" + member.Name + "' is the name of a member that the build adds: choose another"));
            }
            else if ((isData || isProgram) && !names.Add(BtfTypes.Identifier(member.Name)) && BtfTypes.Identifier(member.Name) != member.Name)
            {
                _problems.Add(Diagnostic.Create(Descriptors.NotSupported, member.Place(), "'" + member.Name + "' is '" + BtfTypes.Identifier(member.Name) + "' in the object file, where names have the letters a to z only, and another member is too: choose another name"));
            }
        }
    }

    private void ReadField(IFieldSymbol field, int[] ends)
    {
        int kind = field.Type.MapKind();
        AttributeData? attribute = field.Vocable("Map");
        if (kind != 0 || attribute is not null)
        {
            ReadMap(field, attribute, kind);
            return;
        }

        if (field.GetAttributes().Any(a => a.AttributeClass.Is("System", "ThreadStaticAttribute")))
        {
            throw new LoweringException(Descriptors.StaticField, field.Place(), field.Name, "there are no threads in a BPF program: keep one value for each CPU in a PerCpuArray map");
        }

        if (field.IsVolatile)
        {
            throw new LoweringException(Descriptors.StaticField, field.Place(), field.Name, "'volatile' orders nothing in a BPF program: use Interlocked on an ordinary field");
        }

        Layout layout = _layouts.Of(field.Type, field.Place());
        Layouts.RequireSettled(field.Type, field.Place());
        bool isConstant = field.Has("Constant");
        if (isConstant && !field.IsReadOnly)
        {
            throw new LoweringException(Descriptors.StaticField, field.Place(), field.Name, "a [Constant] is fixed when the object is loaded, so it must be 'static readonly'");
        }

        byte[] initial = ConstantBytes.Of(field, layout.Size, _compilation);
        var section = field.IsReadOnly ? Compiler.IR.DataSection.ReadOnly
            : IsZero(initial) ? Compiler.IR.DataSection.Zeroed : Compiler.IR.DataSection.Data;
        int offset = (ends[(int)section] + layout.Alignment - 1) / layout.Alignment * layout.Alignment;
        ends[(int)section] = offset + layout.Size;
        Globals.Add(new GlobalShape(field, section, initial, layout.Alignment, offset, isConstant) { Loss = LossOf(field), Tracepoint = TracepointOf(field, isConstant) });
    }

    private static LossShape? LossOf(IFieldSymbol field) =>
        field.Vocable("Loss") is not { } attribute ? null
        : field.IsReadOnly || field.Type.SpecialType != SpecialType.System_UInt64
            ? throw new LoweringException(Descriptors.StaticField, field.Place(), field.Name, "a [Loss] is counted in the kernel: make it a 'static ulong' that is not readonly")
        : new LossShape(attribute.First<string>() ?? "", attribute.First<string>(1) ?? "");

    private static TracepointShape? TracepointOf(IFieldSymbol field, bool isConstant) =>
        field.Vocable("HasTracepoint") is not { } attribute ? null
        : !isConstant || field.Type.SpecialType != SpecialType.System_Boolean
            ? throw new LoweringException(Descriptors.StaticField, field.Place(), field.Name, "[HasTracepoint] is a question to the kernel when the object is loaded: make it a [Constant] 'static readonly bool'")
        : new TracepointShape(attribute.First<string>() ?? "", attribute.Named("Arguments", -1));

    /// <summary>True if there is nothing but zeros. A loop, because tables of a megabyte are looked through while their author types.</summary>
    private static bool IsZero(byte[] bytes)
    {
        foreach (byte value in bytes)
        {
            if (value != 0)
            {
                return false;
            }
        }

        return true;
    }

    private void ReadMap(IFieldSymbol field, AttributeData? attribute, int kind)
    {
        Location where = field.Place();
        string? wrong =
            attribute is null ? "needs the attribute [Map(MaxEntries = ...)]"
            : kind == 0 ? "is marked [Map], but its type '" + field.Type.Name + "' is no map type of Fathom.Bpf"
            : !field.IsReadOnly ? "must be 'static readonly'" : null;
        if (wrong is not null)
        {
            throw new LoweringException(Descriptors.MapShape, where, field.Name, wrong);
        }

        var type = (MapType)kind;
        int entries = attribute!.Named("MaxEntries", 0);
        var arguments = ((INamedTypeSymbol)field.Type).TypeArguments;
        (ITypeSymbol? key, ITypeSymbol? value) = arguments.Length switch { 2 => (arguments[0], arguments[1]), 1 => (null, arguments[0]), _ => ((ITypeSymbol?)null, (ITypeSymbol?)null) };
        bool isStorage = type is MapType.TaskStorage or MapType.CgroupStorage;
        if (isStorage && entries != 0)
        {
            throw new LoweringException(Descriptors.MapShape, where, field.Name, "is a storage, whose number of entries is that of the tasks or cgroups: leave MaxEntries away");
        }

        if (type == MapType.RingBuffer && (entries < 0 || (entries & (entries - 1)) != 0 || entries % 4096 != 0))
        {
            throw new LoweringException(Descriptors.MapShape, where, field.Name, "is a ring buffer: MaxEntries is its size in bytes, a power of two and a multiple of the page size of 4096");
        }

        if (entries < 0)
        {
            throw new LoweringException(Descriptors.MapShape, where, field.Name, "has a negative number of entries");
        }

        if (key is not null)
        {
            CheckPadding(key, where);
        }

        if (value is not null)
        {
            CheckPadding(value, where);
        }

        uint flags = unchecked((uint)attribute!.Named("Flags", 0)) | (isStorage ? 1u : 0u);
        Maps.Add(new MapShape(field, type, key, value, entries, flags, attribute!.Named("StackDepth", 127)) { Condition = _conditions.Of(field) });
    }

    private void CheckPadding(ITypeSymbol type, Location where)
    {
        Layout layout = _layouts.Of(type, where);
        Layouts.RequireSettled(type, where);
        if (layout.Padding > 0)
        {
            throw new LoweringException(Descriptors.Padding, where, type.Name, layout.Padding, layout.PaddingPlace);
        }
    }

    private void ReadProgram(IMethodSymbol method, AttributeData attribute)
    {
        string? condition = _conditions.Of(method);
        (IReadOnlyList<ProgramForm> forms, string? problem) = ProgramForm.Read(attribute);
        foreach (ProgramForm form in forms)
        {
            problem ??= ProgramRules.Check(method, form.Kind);
        }

        if (problem is not null)
        {
            throw new LoweringException(Descriptors.ProgramShape, method.Place(), method.Name, problem);
        }

        int number = Programs.Count(p => !p.IsOtherForm);
        foreach (ProgramForm form in forms)
        {
            string name = BtfTypes.Identifier(method.Name) + form.Suffix;
            if (Programs.Any(p => p.Name == name))
            {
                throw new LoweringException(Descriptors.ProgramShape, method.Place(), method.Name, "another program has the name '" + name + "', which is its name in the kernel");
            }

            if (form.Suffix.Length > 0 && Members().Any(m => m is IFieldSymbol { IsStatic: true, IsConst: false } && BtfTypes.Identifier(m.Name) == name))
            {
                throw new LoweringException(Descriptors.ProgramShape, method.Place(), method.Name, "its other form has the name '" + name + "' in the object file, and a field has it too: choose another name");
            }

            Programs.Add(new ProgramShape(method, name, form.Section, form.Kind) { IsOtherForm = form.Suffix.Length > 0, Condition = condition, Number = number });
        }
    }
}
