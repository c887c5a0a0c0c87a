namespace Fathom.Format.Objects;

/// <summary>
/// A program at the entry or exit of a kernel function may be in an object twice: <c>X</c> in <c>?fentry/f</c> or <c>?fexit/f</c>, and <c>X__kprobe</c>
/// in <c>?kprobe/f</c> or <c>?kretprobe/f</c>, which does the same on kernels and functions where the first cannot be. Sections with <c>?</c> are
/// loaded only if somebody asks: who asks for <c>X</c> gets it where the kernel takes it (also its helpers, as <c>bpf_get_func_ret</c> is newer than
/// <c>fexit</c>), and <c>X__kprobe</c> where not, never both.
/// </summary>
public static class ProgramForms
{
    /// <summary>What stands behind the name of a program that is on a kprobe in place of the program with the name before it.</summary>
    public const string KprobeSuffix = "__kprobe";
}
