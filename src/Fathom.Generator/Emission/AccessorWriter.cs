using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Objects;
using Fathom.Generator.FrontEnd;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Generator.Emission;

/// <summary>
/// Writes what .NET sees of an object: its constants before loading, its maps and globals after. It depends on the declarations only, so that
/// editing a program changes nothing here.
/// </summary>
internal static class AccessorWriter
{
    private const string Runtime = "global::Fathom.Runtime.";
    private const string ConstantsInterface = "IConstants";
    private const string LoadedInterface = "ILoaded";

    public static GeneratedFile Write(INamedTypeSymbol type, ObjectShape shape)
    {
        SourceWriter w = SourceWriter.Begin(type);
        string access = IsPublic(type) ? "public" : "internal";
        List<GlobalShape> constants = [.. shape.Globals.Where(g => g.IsConstant && g.Field.Type.IsNameable())];
        WriteConstants(w, type, access, shape, constants);
        WritePrograms(w, access, shape);
        WriteLoad(w, type, access, shape, constants);
        WriteLoaded(w, type, access, shape);
        return new GeneratedFile(HintName(type) + ".Access.g.cs", w.End());
    }

    /// <summary>
    /// Writes what every object that includes a part has of it, as two interfaces: so that the user side of a part is written once. Null if the part
    /// cannot have them, or has nothing that they could show.
    /// </summary>
    public static GeneratedFile? WritePart(INamedTypeSymbol part, ObjectShape shape)
    {
        SourceWriter w = SourceWriter.Begin(part);
        bool any = false;
        if (HasInterface(part, ConstantsInterface))
        {
            any = true;
            w.Line("/// <summary>The constants of <see cref=\"" + Escape(part.Name) + "\"/> in an object that is to be loaded.</summary>");
            w.Open("internal interface " + ConstantsInterface);
            foreach (GlobalShape constant in shape.Globals.Where(IsSettable))
            {
                WriteSummary(w, constant.Field, "Constant.");
                w.Line(Name(constant.Field.Type) + " " + Escape(constant.Field.Name) + " { get; set; }").Line();
            }

            w.Close().Line();
        }

        if (HasInterface(part, LoadedInterface))
        {
            any = true;
            w.Line("/// <summary>Maps and globals of <see cref=\"" + Escape(part.Name) + "\"/> in an object that is loaded.</summary>");
            w.Open("internal interface " + LoadedInterface);
            foreach (MapShape map in shape.Maps.Where(IsAccessible))
            {
                WriteSummary(w, map.Field, "Map.");
                w.Line(RuntimeType(map) + " " + Escape(map.Field.Name) + " { get; }").Line();
            }

            foreach (GlobalShape global in shape.Globals.Where(IsVariable))
            {
                WriteSummary(w, global.Field, "Global variable, in memory shared with the kernel.");
                w.Line("ref " + Name(global.Field.Type) + " " + Escape(global.Field.Name) + " { get; }").Line();
            }

            w.Close();
        }

        return any ? new GeneratedFile(HintName(part) + ".Part.g.cs", w.End()) : null;
    }

    /// <summary>The name of a file for a class. Upper and lower case are one in these, and two in the names of classes.</summary>
    public static string HintName(INamedTypeSymbol type)
    {
        string name = type.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat);
        return IsShared(type) ? name + "." + string.Concat(name.Select(c => char.IsUpper(c) ? '1' : '0')) : name;
    }

    /// <summary>True if another class, or one in another namespace, has the same name but for its case.</summary>
    private static bool IsShared(ISymbol symbol)
    {
        for (; symbol.ContainingSymbol is INamespaceOrTypeSymbol outer; symbol = outer)
        {
            if (outer.GetMembers().Any(m => m is INamespaceOrTypeSymbol && m.Name != symbol.Name && string.Equals(m.Name, symbol.Name, StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }

    private static void WriteConstants(SourceWriter w, INamedTypeSymbol type, string access, ObjectShape shape, List<GlobalShape> constants)
    {
        w.Line("/// <summary>What is fixed when <see cref=\"" + Escape(type.Name) + "\"/> is loaded.</summary>");
        w.Open(access + " sealed class Constants" + Bases(shape, ConstantsInterface, ""));
        foreach (GlobalShape constant in constants)
        {
            WriteSummary(w, constant.Field, "Constant.");
            string visible = Access(constant.Field, constant.Field.Type);
            string set = constant.Tracepoint is not null && visible == "public" ? " { get; internal set; }" : " { get; set; }";
            w.Line(visible + " " + Name(constant.Field.Type) + " " + Escape(constant.Field.Name) + set + Initial(constant));
            if (InterfaceOf(shape, constant.Field, ConstantsInterface) is { } part && IsSettable(constant))
            {
                string name = Escape(constant.Field.Name);
                w.Line(Name(constant.Field.Type) + " " + part + "." + name + " { get => " + name + "; set => " + name + " = value; }");
            }

            w.Line();
        }

        foreach ((ISymbol condition, string expression) in shape.Conditions)
        {
            WriteSummary(w, condition, "Condition.");
            w.Line("internal bool " + Escape(condition.Name) + " => " + expression + ";").Line();
        }

        w.Close().Line();
    }

    private static void WritePrograms(SourceWriter w, string access, ObjectShape shape)
    {
        w.Line("/// <summary>Names of the programs.</summary>");
        w.Open(access + " static class Programs");
        foreach (ProgramShape program in shape.Programs.Where(p => !p.IsOtherForm))
        {
            w.Line("/// <summary>On <c>" + program.Section.TrimStart('?').Replace("&", "&amp;").Replace("<", "&lt;") + "</c>.</summary>");
            w.Line("public const string " + Escape(program.Method.Name) + " = \"" + program.Name + "\";");
        }

        w.Close().Line();
    }

    private static void WriteLoad(SourceWriter w, INamedTypeSymbol type, string access, ObjectShape shape, List<GlobalShape> constants)
    {
        w.Line("/// <summary>The compiled object: a standard ELF BPF object file.</summary>");
        w.Open(access + " static byte[] GetObjectFile()");
        w.Line("byte[]? bytes = null;");
        w.Line("ReadObjectFile(ref bytes);");
        w.Line("return bytes ?? throw new global::System.InvalidOperationException(\"" + type.Name + " was not compiled to BPF: see the errors of the build.\");");
        w.Close().Line();
        w.Line("static partial void ReadObjectFile(ref byte[]? bytes);").Line();
        w.Line("/// <summary>Relocates the object to a kernel, creates its maps, has its programs verified. Nothing runs before it is attached.</summary>");
        w.Line("/// <param name=\"kernel\">The kernel.</param>");
        w.Line("/// <param name=\"constants\">Values of the constants; null for those that they are declared with.</param>");
        w.Line("/// <param name=\"options\">What else may be changed.</param>");
        w.Line("/// <exception cref=\"" + Runtime + "BpfException\">The kernel refuses the object, or the machine cannot run it.</exception>");
        w.Open(access + " static Loaded Load(" + Runtime + "Kernel kernel, Constants? constants = null, " + Runtime + "LoadOptions? options = null)");
        if (constants.Count > 0)
        {
            w.Line("options ??= new " + Runtime + "LoadOptions();");
            w.Line("constants ??= new Constants();");
            WriteAnswers(w, [.. constants.Where(c => c.Tracepoint is not null)]);
            foreach (GlobalShape constant in constants)
            {
                w.Line("options.SetConstant<" + Name(constant.Field.Type) + ">(" + Number(constant.Offset) + ", constants." + Escape(constant.Field.Name) + ");");
            }

            WriteConditions(w, shape);
        }

        w.Line("return new Loaded(" + Runtime + "LoadedObject.Load(kernel, global::Fathom.Format.Objects.ObjectFile.Parse(GetObjectFile()), options), constants ?? new Constants());");
        w.Close().Line();
    }

    /// <summary>Constants that are questions to the kernel's types: all are asked at once.</summary>
    private static void WriteAnswers(SourceWriter w, List<GlobalShape> questions)
    {
        if (questions.Count == 0)
        {
            return;
        }

        w.Line("var tracepoints = " + Runtime + "KernelTypes.CountTracepointArguments(kernel, " + string.Join(", ", questions.Select(q => Quote(q.Tracepoint!.Name)).Distinct()) + ");");
        foreach (GlobalShape question in questions)
        {
            string count = "tracepoints[" + Quote(question.Tracepoint!.Name) + "]";
            w.Line("constants." + Escape(question.Field.Name) + " = " + count + (question.Tracepoint.Arguments < 0 ? " >= 0;" : " == " + Number(question.Tracepoint.Arguments) + ";"));
        }
    }

    /// <summary>Programs that are left out and maps that have no room, unless their conditions hold.</summary>
    private static void WriteConditions(SourceWriter w, ObjectShape shape)
    {
        foreach (ProgramShape program in shape.Programs.Where(p => p.Condition is not null && !p.IsOtherForm))
        {
            w.Line("if (!constants." + Escape(program.Condition!) + ") options.Without.Add(" + Quote(program.Name) + ");");
        }

        foreach (MapShape map in shape.Maps.Where(m => m.Condition is not null))
        {
            // The smallest that the kernel makes.
            string least = map.Type == MapType.RingBuffer ? "global::System.Environment.SystemPageSize" : "1";
            w.Line("if (!constants." + Escape(map.Condition!) + ") options.MaxEntries[" + Quote(BtfTypes.Identifier(map.Field.Name)) + "] = " + least + ";");
        }
    }

    private static void WriteLoaded(SourceWriter w, INamedTypeSymbol type, string access, ObjectShape shape)
    {
        List<MapShape> maps = [.. shape.Maps.Where(IsAccessible)];
        w.Line("/// <summary><see cref=\"" + Escape(type.Name) + "\"/> in the kernel: dispose it to take it out.</summary>");
        w.Open(access + " sealed class Loaded" + Bases(shape, LoadedInterface, Runtime + "LoadedBpf"));
        foreach (MapShape map in maps)
        {
            w.Line("private " + RuntimeType(map) + "? __" + map.Field.Name + ";");
        }

        w.Line();
        w.Line("internal Loaded(" + Runtime + "LoadedObject loaded, Constants constants) : base(loaded) => Constants = constants;").Line();
        w.Line("/// <summary>What was fixed.</summary>");
        w.Line("public Constants Constants { get; }").Line();
        foreach (MapShape map in maps)
        {
            WriteSummary(w, map.Field, "Map.");
            string made = map.Type is MapType.ProgramArray or MapType.PerfEventArray
                ? "Object.GetMap(\"" + BtfTypes.Identifier(map.Field.Name) + "\")"
                : "new " + RuntimeType(map) + "(Object.GetMap(\"" + BtfTypes.Identifier(map.Field.Name) + "\"))";
            string name = Escape(map.Field.Name);
            w.Line(Access(map.Field, map.Key, map.Value) + " " + RuntimeType(map) + " " + name + " => __" + map.Field.Name + " ??= " + made + ";").Line();
            if (InterfaceOf(shape, map.Field, LoadedInterface) is { } part)
            {
                w.Line(RuntimeType(map) + " " + part + "." + name + " => " + name + ";").Line();
            }
        }

        w.Line("/// <inheritdoc/>");
        w.Line("public override global::System.Collections.Generic.IReadOnlyList<string> ProgramNames { get; } = new string[] { "
            + string.Join(", ", shape.Programs.Where(p => !p.IsOtherForm).Select(p => Quote(p.Name))) + " };").Line();
        List<GlobalShape> globals = [.. shape.Globals.Where(IsVariable)];
        foreach (GlobalShape global in globals)
        {
            WriteSummary(w, global.Field, "Global variable, in memory shared with the kernel.");
            string section = global.Section == DataSection.Zeroed ? ".bss" : ".data";
            string name = Escape(global.Field.Name);
            w.Line(Access(global.Field, global.Field.Type) + " ref " + Name(global.Field.Type) + " " + name
                + " => ref Object.GetGlobal<" + Name(global.Field.Type) + ">(\"" + section + "\", " + Number(global.Offset) + ");").Line();
            if (InterfaceOf(shape, global.Field, LoadedInterface) is { } part)
            {
                w.Line("ref " + Name(global.Field.Type) + " " + part + "." + name + " => ref " + name + ";").Line();
            }
        }

        if (globals.Any(g => g.Loss is not null))
        {
            w.Line("/// <inheritdoc/>");
            w.Line("protected override global::System.Collections.Generic.IReadOnlyList<" + Runtime + "Loss> ReadCounters() =>");
            w.Open("new " + Runtime + "Loss[]");
            foreach (GlobalShape global in globals.Where(g => g.Loss is not null))
            {
                w.Line("new(" + Quote(global.Loss!.Kind) + ", " + Escape(global.Field.Name) + ", " + Quote(global.Loss.Text) + "),");
            }

            w.CloseWith(";").Line();
        }

        List<MapShape> rings = [.. maps.Where(m => m.Type == MapType.RingBuffer)];
        if (rings.Count > 0)
        {
            w.Line("/// <inheritdoc/>");
            w.Open("protected override void Dispose(bool disposing)");
            foreach (MapShape map in rings)
            {
                w.Line("__" + map.Field.Name + "?.Dispose();");
            }

            w.Line("base.Dispose(disposing);");
            w.Close();
        }

        w.Close();
    }

    /// <summary>The base class and the interfaces of the parts, as they stand behind the name of a class.</summary>
    private static string Bases(ObjectShape shape, string name, string first)
    {
        IEnumerable<string> all = shape.Parts.Where(part => HasInterface(part, name)).Select(part => Name(part) + "." + name);
        string bases = string.Join(", ", first.Length > 0 ? all.Prepend(first) : all);
        return bases.Length > 0 ? " : " + bases : "";
    }

    /// <summary>The interface of the part that a member is of; null if it is the object's own, or the part has none.</summary>
    private static string? InterfaceOf(ObjectShape shape, ISymbol member, string name) =>
        shape.Parts.Find(part => SymbolEqualityComparer.Default.Equals(part, member.ContainingType)) is { } part && HasInterface(part, name) ? Name(part) + "." + name : null;

    /// <summary>True if a part has an interface: it must be partial to have one, and have what the interface shows.</summary>
    private static bool HasInterface(INamedTypeSymbol part, string name)
    {
        bool isPartial = true;
        for (INamedTypeSymbol? type = part; type is not null; type = type.ContainingType)
        {
            isPartial &= type.DeclaringSyntaxReferences.Any(r => r.GetSyntax() is TypeDeclarationSyntax t && t.Modifiers.Any(SyntaxKind.PartialKeyword));
        }

        bool IsShown(IFieldSymbol field) => field is { IsStatic: true, IsConst: false, IsImplicitlyDeclared: false } && field.Type.IsNameable()
            && (name == ConstantsInterface ? field.Has("Constant") && !field.Has("HasTracepoint") : field.Type.MapKind() != 0 || !field.IsReadOnly);
        return isPartial && !part.IsFileLocal && part.GetMembers().OfType<IFieldSymbol>().Any(IsShown);
    }

    private static bool IsSettable(GlobalShape global) => global.IsConstant && global.Tracepoint is null && global.Field.Type.IsNameable();

    private static bool IsVariable(GlobalShape global) => global.Section != DataSection.ReadOnly && global.Field.Type.IsNameable();

    private static bool IsAccessible(MapShape map) => (map.Key is null || map.Key.IsNameable()) && (map.Value is null || map.Value.IsNameable());

    private static string Quote(string text) => SymbolDisplay.FormatLiteral(text, quote: true);

    private static string RuntimeType(MapShape map)
    {
        string key = map.Key is null ? "" : Name(map.Key), value = map.Value is null ? "" : Name(map.Value);
        return Runtime + map.Type switch
        {
            MapType.Hash => "BpfHashMap<" + key + ", " + value + ">",
            MapType.LruHash => "BpfLruHashMap<" + key + ", " + value + ">",
            MapType.PerCpuHash => "BpfPerCpuHashMap<" + key + ", " + value + ">",
            MapType.LruPerCpuHash => "BpfLruPerCpuHashMap<" + key + ", " + value + ">",
            MapType.Array => "BpfArray<" + value + ">",
            MapType.PerCpuArray => "BpfPerCpuArray<" + value + ">",
            MapType.RingBuffer => "BpfRingBuffer",
            MapType.StackTrace => "BpfStackTraces",
            MapType.TaskStorage => "BpfTaskStorage<" + value + ">",
            MapType.CgroupStorage => "BpfCgroupStorage<" + value + ">",
            MapType.CgroupArray => "BpfCgroupArray",
            _ => "BpfMap",
        };
    }

    private static void WriteSummary(SourceWriter w, ISymbol symbol, string otherwise)
    {
        string? xml = symbol.GetDocumentationCommentXml();
        int start = xml?.IndexOf("<summary>", System.StringComparison.Ordinal) ?? -1, end = xml?.IndexOf("</summary>", System.StringComparison.Ordinal) ?? -1;
        string text = start >= 0 && end > start
            ? string.Join(" ", xml!.Substring(start + 9, end - start - 9).Split(['\n', '\r'], System.StringSplitOptions.RemoveEmptyEntries).Select(l => l.Trim())).Trim()
            : otherwise;
        w.Line("/// <summary>" + text + "</summary>");
    }

    private static string Initial(GlobalShape constant)
    {
        if (constant.Initial.All(b => b == 0) || Layouts.ScalarSize(constant.Field.Type) == 0)
        {
            return "";
        }

        ulong bits = 0;
        for (int i = constant.Initial.Length - 1; i >= 0; i--)
        {
            bits = (bits << 8) | constant.Initial[i];
        }

        return constant.Field.Type.SpecialType == SpecialType.System_Boolean
            ? " = true;"
            : " = unchecked((" + Name(constant.Field.Type) + ")" + bits.ToString(CultureInfo.InvariantCulture) + "UL);";
    }

    private static string Escape(string name) => SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Name(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    private static string Access(IFieldSymbol field, params ITypeSymbol?[] types) =>
        field.DeclaredAccessibility == Accessibility.Public && types.All(t => t is null || IsPublic(t)) ? "public" : "internal";

    private static bool IsPublic(ITypeSymbol type) => type.IsReachable(static t => t.DeclaredAccessibility == Accessibility.Public);
}
