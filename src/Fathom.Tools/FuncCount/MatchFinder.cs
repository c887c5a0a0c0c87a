using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Format;
using Fathom.Format.Elf.Images;
using Fathom.Format.Names;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.FuncCount;

/// <summary>Finds what a pattern matches.</summary>
/// <param name="kernel">The kernel.</param>
internal sealed class MatchFinder(Kernel kernel)
{
    private const int Suggested = 5;

    /// <summary>The most functions of a file that may match: whether they can be counted is not asked of more.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>
    /// Functions of the kernel that can be probed. A name that several functions have is one, with all their addresses; a function with several
    /// names is one too, under the name that reads best. Where addresses are hidden, a name is all there is.
    /// </summary>
    /// <param name="target">The pattern.</param>
    /// <exception cref="CannotRunException">Nothing matches.</exception>
    public Matches KernelFunctions(FuncCountTarget target)
    {
        var symbols = new KernelSymbols(kernel);
        var traceable = new TraceableFunctions(kernel, symbols);
        IReadOnlyList<KernelFunction> found = traceable.Matching(target.Name);
        List<Skipped> skipped = Untraceable(symbols, target, found);
        if (found.Count == 0)
        {
            throw skipped.Count > 0
                ? new CannotRunException($"the kernel has {Names(skipped.Select(static function => function.Name))}, but does not let {(skipped.Count == 1 ? "it" : "them")} be probed: "
                    + "count what it calls, or what calls it")
                : NoMatch.InLibrary(kernel, target) ?? Nothing(target, symbols.Functions.Select(static function => function.Name), "or the compiler has inlined it everywhere");
        }

        return new(symbols.AreHidden ? ByName(found) : ByAddress(found), skipped) { Note = found.Count > 1 ? traceable.Note : "" };
    }

    private static List<Countable> ByName(IEnumerable<KernelFunction> functions) =>
        [.. functions.Select(static function => function.Name).Distinct(StringComparer.Ordinal).Select(static name => new Countable(name, name) { Addresses = [0] })];

    // An address may be given to the kernel once only: it would count each call as often as the address is there.
    private static List<Countable> ByAddress(IEnumerable<KernelFunction> functions) =>
    [
        .. functions.GroupBy(static function => function.Address)
            .Select(static group => (Address: group.Key, Name: Best(group.Select(static function => function.Name))))
            .GroupBy(static one => one.Name, StringComparer.Ordinal)
            .Select(static group => new Countable(group.Key, group.Key) { Addresses = [.. group.Select(static one => one.Address)] }),
    ];

    // Of several names for one thing: the fewest underscores in front, then the shortest. Of a system call it is that of the 64-bit interface.
    private static string Best(IEnumerable<string> names) => names.MinBy(static name =>
        (name.StartsWith("__x64_sys_", StringComparison.Ordinal) ? 0 : 1, name.Length - name.TrimStart('_').Length, name.Length, name))!;

    private static List<Skipped> Untraceable(KernelSymbols symbols, FuncCountTarget target, IReadOnlyList<KernelFunction> found)
    {
        var traced = new HashSet<string>(found.Select(static function => function.Name), StringComparer.Ordinal);
        var addresses = new HashSet<ulong>(found.Select(static function => function.Address));

        // Behind the code lie what ran at boot and is gone, and data that some kernels list as code.
        ulong end = symbols.FindAll("_etext").Select(static function => function.Address).DefaultIfEmpty(ulong.MaxValue).First();
        return
        [
            .. symbols.Matching(target.Name)
                .Where(function => !traced.Contains(function.Name) && (symbols.AreHidden || !addresses.Contains(function.Address)) && TraceableFunctions.IsFunction(function)
                    && (symbols.AreHidden || function.Module.Length > 0 || function.Address < end))
                .Select(static function => new Skipped(function.Name, "the kernel does not let it be probed")),
        ];
    }

    /// <summary>Functions of a program or library. Names of one function are one, that which reads best.</summary>
    /// <exception cref="CannotRunException">There is no such file, or nothing in it matches.</exception>
    /// <exception cref="CannotRunException">More match than <see cref="Most"/>.</exception>
    public Matches UserFunctions(FuncCountTarget target, int process, out UserFile file)
    {
        file = new UserFiles(kernel).Find(target.Library, process);
        using UserImage image = UserImage.Open(kernel, file);
        var byOffset = new Dictionary<ulong, List<ElfFunction>>();
        var skipped = new List<Skipped>();
        try
        {
            MustHaveCode(file, image.Image);

            // By address: what only chooses a function has a name of its own besides, which does not say so.
            HashSet<ulong> choosers = [.. image.Image.Functions.Where(static one => one.IsIndirect).Select(static one => one.FileOffset)];
            foreach (ElfFunction function in image.Image.Functions)
            {
                if (!Matches(target.Name, function.Name))
                {
                    continue;
                }

                if (choosers.Contains(function.FileOffset))
                {
                    skipped.Add(new(function.Name, "it only chooses the function that is really called, once, which has another name"));
                }
                else if (byOffset.TryGetValue(function.FileOffset, out List<ElfFunction>? names))
                {
                    names.Add(function);
                }
                else
                {
                    byOffset.Add(function.FileOffset, [function]);
                }
            }

            if (byOffset.Count == 0)
            {
                throw skipped.Count > 0 ? OnlyIndirect(target, file, image, choosers, [.. skipped.Select(static one => one.Name)]) : new NoMatch(kernel, target, file, process).Explain(image);
            }

            FuncCountOptions.MustNotBeTooMany(target, byOffset.Count, Most);
            Matches matches = Together(PlacesOf(image.Image, byOffset, skipped));
            return matches.Countables.Count > 0 ? WithNote(matches, NoteOf(file, process))
                : throw new CannotRunException($"{Names(skipped.Select(static one => one.Name))} in {file.ShownPath} cannot be counted: {(skipped.Count == 1 ? "it " : "")}{skipped[^1].Reason}");
        }
        catch (BadFormatException e)
        {
            throw Damaged(file, e);
        }
    }

    /// <summary>Static probes of a program or library. A probe may be passed at several places.</summary>
    /// <exception cref="CannotRunException">There is no such file, or nothing in it matches.</exception>
    public Matches StaticProbes(FuncCountTarget target, int process, out UserFile file)
    {
        file = new UserFiles(kernel).Find(target.Library, process);
        using UserImage image = UserImage.Open(kernel, file);
        try
        {
            MustHaveCode(file, image.Image);
            var all = image.Image.UsdtProbes;
            List<Countable> found =
            [
                .. all.Where(probe => (target.Group?.IsMatch(probe.Provider) ?? true) && target.Name.IsMatch(probe.Name))
                    .GroupBy(static probe => probe.Provider + ":" + probe.Name, StringComparer.Ordinal)
                    .Select(static group => new Countable(group.Key, group.Key)
                    {
                        Places = [.. group.DistinctBy(static probe => probe.FileOffset).Select(static probe => new UserProbe(probe.FileOffset, 0, probe.SemaphoreOffset))],
                    }),
            ];
            return found.Count > 0 ? WithNote(new(found, []), NoteOf(file, process))
                : throw (all.Length == 0
                    ? new CannotRunException($"{file.ShownPath} has no static probes: it was built without them; count its functions instead, such as with '{target.Library}:*'")
                    : Nothing(target, all.Select(static probe => probe.Name), ""));
        }
        catch (BadFormatException e)
        {
            throw Damaged(file, e);
        }
    }

    /// <summary>Tracepoints.</summary>
    /// <exception cref="CannotRunException">Nothing matches, or the categories are not known.</exception>
    public Matches Tracepoints(FuncCountTarget target)
    {
        IReadOnlyList<TracepointName> all = Runtime.Tracepoints.List(kernel, out bool haveCategories);

        // A tracepoint's name is unique, so that without tracefs its category may be taken on trust; that of many may not.
        if (!haveCategories && target.Group is { } group && target.Name.Literal is null && !group.IsMatch("syscalls") && group.Text != "*")
        {
            throw new CannotRunException(
                $"which tracepoints are in '{group.Text}' is written in tracefs, which is not to be had here: mount -t tracefs tracefs /sys/kernel/tracing, "
                + $"or {Refusal.Remedy(kernel, CapabilitySet.ReadSearch)}, or omit the category, as in 't:NAME'");
        }

        List<Countable> found =
        [
            .. all.Where(one => target.Name.IsMatch(one.Name) && (target.Group is not { } wanted || (one.Category.Length == 0 ? target.Name.Literal is not null || wanted.Text == "*" : wanted.IsMatch(one.Category))))
                .Select(static one => new Countable(one.Category.Length == 0 ? one.Name : one.Category + ":" + one.Name, one.Name)),
        ];
        if (found.Count > 0)
        {
            return new(found, []);
        }

        string[] categories = [.. all.Select(static one => one.Category).Distinct(StringComparer.Ordinal)];
        throw target.Group is { } missing && haveCategories && !categories.Any(category => missing.IsMatch(category))
            ? NothingNear($"no category of tracepoints matches '{missing.Text}'", missing, categories)
            : Nothing(target, all.Select(static one => one.Name), "");
    }

    /// <summary>Whether the name matches as the linker knows it, as the programmer wrote it, or as that without its result and parameters.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="symbol">The name as the linker knows it.</param>
    internal static bool Matches(NamePattern pattern, string symbol) =>
        pattern.IsMatch(symbol) || (Demangler.Demangle(symbol, out string plain) is var name && !ReferenceEquals(name, symbol) && (pattern.IsMatch(name) || pattern.IsMatch(plain)));

    private static string NoteOf(UserFile file, int process) =>
        file.IsUnmapped ? $"process {process} has not mapped {file.ShownPath}: nothing is counted until it does" : "";

    private static Matches WithNote(Matches matches, string note) =>
        note.Length == 0 ? matches : matches with { Note = matches.Note.Length == 0 ? note : $"{note}; {matches.Note}" };

    private Matches PlacesOf(ElfImage image, Dictionary<ulong, List<ElfFunction>> byOffset, List<Skipped> skipped)
    {
        var found = new List<Countable>(byOffset.Count);
        var stepped = new List<string>();

        var sites = new FunctionSites(image);
        foreach ((ulong offset, List<ElfFunction> names) in byOffset)
        {
            ElfFunction best = names.First(one => one.Name == Best(names.Select(static other => other.Name)));
            string name = Demangler.Demangle(best.Name);
            ProbeSite site = sites.Find(names.MaxBy(static one => one.Size));
            if (!site.IsCountable)
            {
                skipped.Add(new(name, site.Verdict.Refusal is { } refusal ? $"begins with {refusal}" : site.Miscount));
                continue;
            }

            bool isStepped = site.Verdict.Step == ProbeStep.SingleStep || (site.Verdict.Step == ProbeStep.EmulateSince616 && kernel.Version < new Version(6, 16));
            if (isStepped)
            {
                stepped.Add(name);
            }

            found.Add(new(name, best.Name) { Places = [new UserProbe(offset + (ulong)site.Offset)], IsStepped = isStepped });
        }

        return new(found, skipped)
        {
            Note = stepped.Count switch
            {
                0 => "",
                1 => $"{stepped[0]} begins with an instruction that the kernel must run one step at a time, so that counting a call takes several times as long "
                    + "as usual",
                int count => $"{count} of {found.Count} functions begin with an instruction that the kernel must run one step at a time, so that counting a call of "
                    + $"these takes several times as long as usual: {Names(stepped)}",
            },
        };
    }

    // Static functions of one name are one row, as those of the kernel.
    private static Matches Together(Matches matches) => matches with
    {
        Countables =
        [
            .. matches.Countables.GroupBy(static one => one.Symbol, StringComparer.Ordinal).Select(static group => group.First() with
            {
                Places = [.. group.SelectMany(static one => one.Places)],
                IsStepped = group.Any(static one => one.IsStepped),
            }),
        ],
    };

    private static void MustHaveCode(UserFile file, ElfImage image)
    {
        if (image.IsDebugFile)
        {
            throw new CannotRunException(
                $"{file.ShownPath} is a debug file, which has names and no code: name the program or library that it was made of"
                + (RealFileOf(file.ShownPath) is { } real ? $", {real}" : "") + "; its names are found from there");
        }
    }

    // Where debug files are kept, they lie as the files do that they were made of.
    private static string? RealFileOf(string path)
    {
        const string Folder = "/usr/lib/debug", Suffix = ".debug";
        string real = path.StartsWith(Folder + "/", StringComparison.Ordinal) && !path.Contains("/.build-id/", StringComparison.Ordinal) ? path[Folder.Length..] : path;
        real = real.EndsWith(Suffix, StringComparison.Ordinal) ? real[..^Suffix.Length] : real;
        return real != path && System.IO.File.Exists(real) ? real : null;
    }

    // What is really called is a function of the same file, with another name, which only symbols that are not exported tell.
    private static CannotRunException OnlyIndirect(FuncCountTarget target, UserFile file, UserImage image, HashSet<ulong> choosers, IReadOnlyList<string> names)
    {
        string said = $"{Names(names)} in {file.ShownPath} only {(names.Count == 1 ? "chooses" : "choose")} the function that is really called (an indirect function)";
        string part = names[0].TrimStart('_');
        if (image.Image.Functions.Any(function => !choosers.Contains(function.FileOffset) && function.Name.Contains(part, StringComparison.Ordinal)))
        {
            return new($"{said}: count that, such as with '{target.Library}:*{part}*'");
        }

        return new(image.Image.Symbols == ElfSymbolKinds.All
            ? $"{said}, and no function there has a name like it: count those that call it"
            : $"{said}, and the names of those that it chooses from are in the file's debug symbols alone: install these ({DebugHint(image)}), or count the functions that call it");
    }

    /// <summary>Where a file's debug symbols are looked for, in words, and why those that are there are not used.</summary>
    /// <param name="image">The file.</param>
    internal static string DebugHint(UserImage image) => image.DebugNote.Length > 0 ? image.DebugNote.TrimEnd('.')
        : image.Image.BuildId.Length > 1 ? $"build id {Convert.ToHexStringLower(image.Image.BuildId.Span)}"
        : "those of its package";

    internal static CannotRunException Nothing(FuncCountTarget target, IEnumerable<string> names, string reason) =>
        NothingNear($"no {target.Things[..^1]} matches '{target.Text}'{(reason.Length > 0 ? ", " + reason : "")}", target.Name, names);

    internal static CannotRunException NothingNear(string sentence, NamePattern pattern, IEnumerable<string> names)
    {
        IReadOnlyList<string> near = Suggestions.Nearest(pattern.Text.Trim('*', '^', '$'), names, Suggested);
        return new(near.Count > 0 ? $"{sentence}; near to it are {string.Join(", ", near)}" : sentence);
    }

    private static CannotRunException Damaged(UserFile file, BadFormatException e) => new($"{file.ShownPath} is damaged: {e.Message}", e);

    private static string Names(IEnumerable<string> names)
    {
        const int Shown = 5;
        string[] first = [.. names.Distinct(StringComparer.Ordinal).Take(Shown + 1)];
        return first.Length > Shown ? string.Join(", ", first.Take(Shown)) + " and others" : string.Join(", ", first);
    }
}
