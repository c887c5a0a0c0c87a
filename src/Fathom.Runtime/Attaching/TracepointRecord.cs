using System;
using System.Collections.Generic;
using System.Globalization;
using Fathom.Format.Btf;

namespace Fathom.Runtime;

/// <summary>Compares what a program takes the record of a tracepoint for with what the tracepoint writes.</summary>
/// <remarks>The verifier only knows how long a record is. A struct of another event passes it, and reads something else.</remarks>
internal static class TracepointRecord
{
    private const string Prefix = "trace_event_raw_";
    private const string Enter = Prefix + "sys_enter";
    private const string Exit = Prefix + "sys_exit";
    private const string Variable = "__data_loc_";

    /// <summary>Throws if a program takes the record for that of another tracepoint. What cannot be found out fits.</summary>
    /// <param name="program">The program.</param>
    /// <param name="tracepoint"><c>category/name</c>.</param>
    /// <exception cref="ArgumentMismatchException">It does.</exception>
    public static void MustFit(BpfProgram program, string tracepoint)
    {
        if (program.Context is not { } declared || !declared.Name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return;
        }

        // Each system call has events of its own, which are records of two kinds.
        string? call = tracepoint == "raw_syscalls/sys_enter" || tracepoint.StartsWith("syscalls/sys_enter_", StringComparison.Ordinal) ? Enter
            : tracepoint == "raw_syscalls/sys_exit" || tracepoint.StartsWith("syscalls/sys_exit_", StringComparison.Ordinal) ? Exit
            : null;
        if (call is not null || declared.Name is Enter or Exit)
        {
            if (declared.Name != call)
            {
                throw Mismatch(program, tracepoint, declared.Name, call switch
                {
                    Enter => $"which is struct {Enter}: take a pointer to SyscallEnterContext",
                    Exit => $"which is struct {Exit}: take a pointer to SyscallExitContext",
                    _ => "which is no record of a system call: take a pointer to a struct of its own",
                });
            }

            return;
        }

        Kernel kernel = program.Kernel;
        int id = kernel.Btf.Find(BtfKind.Struct, declared.Name);
        Dictionary<string, int>? written = ReadFields(kernel.Calls.ReadText($"{kernel.Tracefs.Root}/events/{tracepoint}/format", out _));
        if (id == 0 || written is null)
        {
            return;
        }

        BtfType type = kernel.Btf.GetType(id);
        for (int i = 0; i < type.Count; i++)
        {
            BtfMember member = type.GetMember(i);
            string name = member.Name.StartsWith(Variable, StringComparison.Ordinal) ? member.Name[Variable.Length..] : member.Name;
            if (name is not ("ent" or "__data" or "") && Contains(declared.Fields, member.Name) && (!written.TryGetValue(name, out int offset) || offset != member.BitOffset / 8))
            {
                throw Mismatch(program, tracepoint, declared.Name,
                    $"which has no field '{name}' at that place: take the struct of its event class, trace_event_raw_ and the name of the class ({tracepoint}/format in tracefs lists the fields)");
            }
        }
    }

    // A line for each: "field:unsigned int nr_sector;\toffset:24;\tsize:4;\tsigned:0;". The name is the last word, before the length of an array.
    private static Dictionary<string, int>? ReadFields(string? format)
    {
        if (format is null)
        {
            return null;
        }

        var fields = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string line in format.Split('\n'))
        {
            string[] parts = line.Split(';', StringSplitOptions.TrimEntries);
            if (parts.Length > 1 && parts[0].StartsWith("field:", StringComparison.Ordinal) && parts[1].StartsWith("offset:", StringComparison.Ordinal)
                && int.TryParse(parts[1]["offset:".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int offset))
            {
                string name = parts[0][(parts[0].LastIndexOf(' ') + 1)..].TrimStart('*');
                int length = name.IndexOf('[', StringComparison.Ordinal);
                fields.TryAdd(length < 0 ? name : name[..length], offset);
            }
        }

        return fields.Count == 0 ? null : fields;
    }

    private static bool Contains(IReadOnlyList<string> names, string name)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                return true;
            }
        }

        return false;
    }

    private static ArgumentMismatchException Mismatch(BpfProgram program, string tracepoint, string declared, string actual) => new(
        "attach", program.Name, "context", program.Kind, tracepoint, $"it takes its context for struct {declared}, but gets the record of {tracepoint}, {actual}.");
}
