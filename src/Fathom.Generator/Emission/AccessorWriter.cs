using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Objects;
using Fathom.Generator.FrontEnd;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Fathom.Generator.Emission;

/// <summary>
/// Writes what .NET sees of an object: its constants before loading, its maps and globals after. It depends on the declarations only, so that
/// editing a program changes nothing here.
/// </summary>
internal static class AccessorWriter
{
    private const string Runtime = "global::Fathom.Runtime.";

    public static GeneratedFile Write(INamedTypeSymbol type, ObjectShape shape)
    {
        SourceWriter w = SourceWriter.Begin(type);
        string access = IsPublic(type) ? "public" : "internal";
        List<GlobalShape> constants = [.. shape.Globals.Where(g => g.IsConstant && Accessible(g.Field.Type))];
        WriteConstants(w, type, access, constants);
        WritePrograms(w, access, shape);
        WriteLoad(w, type, access, constants);
        WriteLoaded(w, type, access, shape);
        return new GeneratedFile(HintName(type) + ".Access.g.cs", w.End());
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

    private static void WriteConstants(SourceWriter w, INamedTypeSymbol type, string access, List<GlobalShape> constants)
    {
        w.Line("/// <summary>What is fixed when <see cref=\"" + Escape(type.Name) + "\"/> is loaded.</summary>");
        w.Open(access + " sealed class Constants");
        foreach (GlobalShape constant in constants)
        {
            WriteSummary(w, constant.Field, "Constant.");
            w.Line(Access(constant.Field, constant.Field.Type) + " " + Name(constant.Field.Type) + " " + Escape(constant.Field.Name) + " { get; init; }" + Initial(constant));
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

    private static void WriteLoad(SourceWriter w, INamedTypeSymbol type, string access, List<GlobalShape> constants)
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
            foreach (GlobalShape constant in constants)
            {
                w.Line("options.SetConstant<" + Name(constant.Field.Type) + ">(" + Number(constant.Offset) + ", constants." + Escape(constant.Field.Name) + ");");
            }
        }

        w.Line("return new Loaded(" + Runtime + "LoadedObject.Load(kernel, global::Fathom.Format.Objects.ObjectFile.Parse(GetObjectFile()), options));");
        w.Close().Line();
    }

    private static void WriteLoaded(SourceWriter w, INamedTypeSymbol type, string access, ObjectShape shape)
    {
        List<MapShape> maps = [.. shape.Maps.Where(m => (m.Key is null || Accessible(m.Key)) && (m.Value is null || Accessible(m.Value)))];
        w.Line("/// <summary><see cref=\"" + Escape(type.Name) + "\"/> in the kernel: dispose it to take it out.</summary>");
        w.Open(access + " sealed class Loaded : global::System.IDisposable");
        foreach (MapShape map in maps)
        {
            w.Line("private " + RuntimeType(map) + "? __" + map.Field.Name + ";");
        }

        w.Line();
        w.Line("internal Loaded(" + Runtime + "LoadedObject loaded) => Object = loaded;").Line();
        w.Line("/// <summary>The same, untyped.</summary>");
        w.Line("public " + Runtime + "LoadedObject Object { get; }").Line();
        foreach (MapShape map in maps)
        {
            WriteSummary(w, map.Field, "Map.");
            string made = map.Type is MapType.ProgramArray or MapType.PerfEventArray
                ? "Object.GetMap(\"" + BtfTypes.Identifier(map.Field.Name) + "\")"
                : "new " + RuntimeType(map) + "(Object.GetMap(\"" + BtfTypes.Identifier(map.Field.Name) + "\"))";
            w.Line(Access(map.Field, map.Key, map.Value) + " " + RuntimeType(map) + " " + Escape(map.Field.Name) + " => __" + map.Field.Name + " ??= " + made + ";").Line();
        }

        foreach (GlobalShape global in shape.Globals.Where(g => g.Section != DataSection.ReadOnly && Accessible(g.Field.Type)))
        {
            WriteSummary(w, global.Field, "Global variable, in memory shared with the kernel.");
            string section = global.Section == DataSection.Zeroed ? ".bss" : ".data";
            w.Line(Access(global.Field, global.Field.Type) + " ref " + Name(global.Field.Type) + " " + Escape(global.Field.Name)
                + " => ref Object.GetGlobal<" + Name(global.Field.Type) + ">(\"" + section + "\", " + Number(global.Offset) + ");").Line();
        }

        w.Line("/// <summary>Attaches all loaded programs. Dispose the result to detach them.</summary>");
        w.Line("public " + Runtime + "LinkSet Attach() => Object.Attach();").Line();
        w.Line("/// <summary>Attaches some programs, named as in <see cref=\"Programs\"/>. Dispose the result to detach them.</summary>");
        w.Line("public " + Runtime + "LinkSet Attach(params global::System.ReadOnlySpan<string> programs) => Object.Attach(programs);").Line();
        w.Line("/// <summary>Takes the object out of the kernel, once nothing is attached any more.</summary>");
        w.Open("public void Dispose()");
        foreach (MapShape map in maps.Where(m => m.Type == MapType.RingBuffer))
        {
            w.Line("__" + map.Field.Name + "?.Dispose();");
        }

        w.Line("Object.Dispose();");
        w.Close();
        w.Close();
    }

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

    private static bool IsPublic(ITypeSymbol type) => Reach(type, t => t.DeclaredAccessibility == Accessibility.Public);

    /// <summary>True if other code of the assembly can name a type.</summary>
    private static bool Accessible(ITypeSymbol type) =>
        Reach(type, t => t.DeclaredAccessibility is Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal);

    private static bool Reach(ITypeSymbol type, System.Func<ITypeSymbol, bool> isAllowed)
    {
        if (type is INamedTypeSymbol named && named.TypeArguments.Any(a => !Reach(a, isAllowed)))
        {
            return false;
        }

        for (ITypeSymbol? t = type; t is not null; t = t.ContainingType)
        {
            if (t.TypeKind != TypeKind.Pointer && !isAllowed(t))
            {
                return false;
            }
        }

        return true;
    }
}
