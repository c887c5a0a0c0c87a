using System;
using Fathom.Format;
using Fathom.Format.Elf.Images;

namespace Fathom.Runtime;

/// <summary>
/// Whose functions get no return probe. It puts an address of the kernel's in place of the return address, and what reads the stack finds that: to look
/// for who handles an exception, to move a stack elsewhere, to find what lives.
/// </summary>
internal static class ReturnProbes
{
    private static readonly string[] GoSections = [".gopclntab", ".data.rel.ro.gopclntab", ".note.go.buildid", ".go.buildinfo", ".gosymtab"];

    // NativeAOT, and native images of GraalVM.
    private static readonly string[] ManagedSections = ["__managedcode", ".managed", ".svm_heap"];

    // Who throws wants the function that goes on, and who is thrown through the one that knows where.
    private static readonly string[] Throwing =
    [
        "__gxx_personality_v0", "__gcc_personality_v0", "__objc_personality_v0", "__gnat_personality_v0", "rust_eh_personality", "_Unwind_RaiseException",
        "_Unwind_Resume", "_Unwind_ForcedUnwind",
    ];

    /// <summary>Why a file's functions get no return probe; null if they may.</summary>
    /// <exception cref="BadFormatException">A symbol table is damaged.</exception>
    public static ProbeRefusal? RefusalIn(ElfImage image, in UserProbe probe)
    {
        return Array.Exists(GoSections, image.HasSection) || image.MentionsSymbol("runtime.pclntab") ? ProbeRefusal.Go
            : Array.Exists(ManagedSections, image.HasSection) || image.MentionsSymbol("caml_frametable") ? ProbeRefusal.ManagedCode
            : !probe.IsNeverUnwound && Array.Exists(Throwing, name => image.MentionsSymbol(name, isLinked: true)) ? ProbeRefusal.MayThrow
            : null;
    }
}
