using Microsoft.CodeAnalysis;

namespace Fathom.Generator.Diagnostics;

/// <summary>
/// Everything that the generator may say, each with a page in docs/diagnostics. None can be switched off: without the program there is nothing to run.
/// </summary>
internal static class Descriptors
{
    private const string HelpFolder = "https://github.com/fathom-trace/fathom/blob/main/docs/diagnostics/";

    public static readonly DiagnosticDescriptor Internal = new(
        "FTH0001", "The BPF compiler failed", "The BPF compiler failed here, which is its own fault: {0}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0001.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor ObjectShape = new(
        "FTH0003", "A BPF object must be a static unsafe partial class", "'{0}' is a BPF object and must be a top-level or nested 'static unsafe partial' class: add '{1}'", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0003.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor ProgramShape = new(
        "FTH0004", "The signature does not fit the program type", "'{0}' cannot be a BPF program: {1}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0004.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor ManagedType = new(
        "FTH0005", "Managed types do not exist in the kernel", "The type '{0}' does not exist in a BPF program: {1}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0005.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor Heap = new(
        "FTH0006", "A BPF program has no heap", "A BPF program has no heap: {0}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0006.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor FloatingPoint = new(
        "FTH0007", "BPF has no floating point", "BPF has no floating point: compute with scaled integers, or hand the raw numbers to user space and divide there", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0007.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor Exceptions = new(
        "FTH0008", "BPF has no exceptions", "BPF has no exceptions: {0}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0008.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor Recursion = new(
        "FTH0009", "A BPF program cannot recurse", "'{0}' calls itself (through {1}): write a bounded loop, or Helpers.Loop", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0009.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor IndirectCall = new(
        "FTH0010", "Only direct calls exist in BPF", "The target of this call is not known at compile time: {0}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0010.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor NoSource = new(
        "FTH0011", "The called method has no source in this project", "'{0}' has no source in this project, so it cannot be compiled to BPF: {1}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0011.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor StackAllocSize = new(
        "FTH0012", "The size of stackalloc must be constant", "The size of stackalloc must be a constant: take the largest size needed, and slice", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0012.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor StackTooLarge = new(
        "FTH0013", "The stack of a BPF program has 512 bytes", "{0} bytes do not fit the 512 bytes of a BPF program's stack: use the value of a PerCpuArray map as scratch memory", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0013.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor HelperNotAvailable = new(
        "FTH0014", "The helper is not available to this program type", "The kernel does not let a program of type {1} call '{0}'; it is for: {2}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0014.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor MapUse = new(
        "FTH0015", "A map is used in a way that BPF does not have", "{0}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0015.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor Padding = new(
        "FTH0016", "A struct that leaves the program has padding", "'{0}' has {1} bytes of padding {2}, which would carry kernel stack bytes out (and, in a key, make equal keys differ): reorder the fields or add a field that fills it", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0016.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor Checked = new(
        "FTH0017", "BPF has no checked arithmetic", "BPF has no overflow exception: write unchecked(...), or compare before", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0017.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor StaticField = new(
        "FTH0018", "The static field cannot be used in a BPF program", "The static field '{0}' cannot be used here: {1}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0018.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor NotSupported = new(
        "FTH0019", "Not part of the C# that compiles to BPF", "{0}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0019.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor Layout = new(
        "FTH0020", "The layout of the struct is not supported", "The struct '{0}' cannot be laid out for BPF: {1}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0020.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor KernelWrite = new(
        "FTH0021", "Kernel memory cannot be written", "This address is in kernel memory, which a BPF program may only read", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0021.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor KernelView = new(
        "FTH0022", "A kernel struct can only be used through its fields", "'{0}' is a view of a kernel struct whose real layout is known only at load: {1}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0022.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor BackEnd = new(
        "FTH0023", "The program does not fit BPF", "In '{0}': {1}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0023.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor SubprogramShape = new(
        "FTH0024", "The signature does not fit a subprogram", "'{0}' cannot be a subprogram: {1}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0024.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor MapShape = new(
        "FTH0025", "The map is not declared right", "The map '{0}' {1}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0025.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor UserMemory = new(
        "FTH0027", "Memory of the process is read by a helper", "This address is in the traced process, whose memory a program reads by a helper: Helpers.ProbeReadUser, or Helpers.ProbeReadUserString for text", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0027.md", customTags: WellKnownDiagnosticTags.NotConfigurable);

    public static readonly DiagnosticDescriptor CoreQuery = new(
        "FTH0026", "Not a question that can be asked of the kernel's types", "{0}", "Fathom", DiagnosticSeverity.Error, true, helpLinkUri: HelpFolder + "FTH0026.md", customTags: WellKnownDiagnosticTags.NotConfigurable);
}
