using System;
using System.Globalization;
using System.Linq;
using Fathom.Format;
using Fathom.Format.Elf.Images;
using Fathom.Format.Names;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.FuncCount;

/// <summary>Why no function of a program or library matches, by what the file says.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="target">The pattern.</param>
/// <param name="file">The file.</param>
/// <param name="process">The process that was asked for; 0 for none.</param>
internal sealed class NoMatch(Kernel kernel, FuncCountTarget target, UserFile file, int process)
{
    // A program may want hundreds of libraries, and to read one takes milliseconds.
    private const int MostLibraries = 32;

    /// <summary>The reason and what to do, one sentence.</summary>
    /// <param name="image">The file.</param>
    public CannotRunException Explain(UserImage image)
    {
        if (AddressOf(target.Name.Text) is { } address)
        {
            return ByAddress(image.Image, address);
        }

        bool isImported = image.Image.Imports.Any(name => MatchFinder.Matches(target.Name, name));
        if (FindInNeeded(image.Image) is var (library, name))
        {
            string shortName = ShortNameOf(library);
            return new(isImported
                ? $"{file.ShownPath} calls {name}, but does not define it; {library} does: count it with '{shortName}:{target.Name.Text}'"
                : $"{file.ShownPath} has no function {name}; {library}, which it is loaded with, has one: count it with '{shortName}:{target.Name.Text}'");
        }

        string found = isImported ? $"which {file.ShownPath} calls, but which another file defines" : "";
        return image.Image.Symbols switch
        {
            ElfSymbolKinds.None => new($"{target.Library} has no names of functions: it is stripped; install its debug symbols ({MatchFinder.DebugHint(image)})"),
            ElfSymbolKinds.DynamicOnly => MatchFinder.Nothing(target, image.Image.Functions.Select(static one => one.Name), isImported
                ? found
                : $"and of this file only the exported functions are known, because it is stripped: its debug symbols would name the others ({MatchFinder.DebugHint(image)})"),
            _ => MatchFinder.Nothing(target, image.Image.Functions.Select(static one => Demangler.Demangle(one.Name)), isImported ? found : "or the compiler has inlined it everywhere"),
        };
    }

    /// <summary>That the C library has a function of a name that the kernel has not; null if it has none either.</summary>
    public static CannotRunException? InLibrary(Kernel kernel, FuncCountTarget target)
    {
        try
        {
            using UserImage image = UserImage.Open(kernel, new UserFiles(kernel).Find("c"));
            return image.Image.Functions.FirstOrDefault(one => MatchFinder.Matches(target.Name, one.Name)) is { Name: { } name }
                ? new($"the kernel has no function {name}, but the C library does: count it with 'c:{target.Name.Text}'")
                : null;
        }
        catch (Exception e) when (e is BpfException or BadFormatException)
        {
            // Nobody asked for it.
            return null;
        }
    }

    private static ulong? AddressOf(string text) =>
        text.TrimStart('+').StartsWith("0x", StringComparison.OrdinalIgnoreCase) && ulong.TryParse(text.TrimStart('+').AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong address)
            ? address : null;

    private CannotRunException ByAddress(ElfImage image, ulong address)
    {
        // As the file has it; in the memory of a process it is moved.
        ElfFunction[] there = [.. image.Functions.Where(one => !one.IsIndirect && (one.Address == address || (address > one.Address && address - one.Address < one.Size)))];
        return new(there.Length > 0
            ? $"functions are counted by name, and 0x{address:x} in {file.ShownPath} lies in {Demangler.Demangle(there[0].Name)}: count '{target.Library}:{there[0].Name}'"
            : $"functions are counted by name, and no function of {file.ShownPath} that has one lies at 0x{address:x}, an address as the file has it (objdump -d prints these; less where it is loaded, those of a process)");
    }

    private (string Library, string Name)? FindInNeeded(ElfImage image)
    {
        var files = new UserFiles(kernel);
        foreach (string library in image.Needed.Take(MostLibraries))
        {
            try
            {
                using UserImage needed = UserImage.Open(kernel, files.Find(library, process));
                if (needed.Image.Functions.FirstOrDefault(one => MatchFinder.Matches(target.Name, one.Name)) is { Name: { } name })
                {
                    return (library, name);
                }
            }
            catch (Exception e) when (e is BpfException or BadFormatException)
            {
                // Nobody asked for this one.
            }
        }

        return null;
    }

    // As the user would write it: libc.so.6 is c. What would find another file is left as it is.
    private string ShortNameOf(string library)
    {
        int end = library.IndexOf(".so", StringComparison.Ordinal);
        string name = end > 3 && library.StartsWith("lib", StringComparison.Ordinal) ? library[3..end] : library;
        try
        {
            var files = new UserFiles(kernel);
            return files.Find(name, process).ShownPath == files.Find(library, process).ShownPath ? name : library;
        }
        catch (BpfException)
        {
            return library;
        }
    }
}
