namespace Fathom.Format.Objects;

/// <summary>
/// A program at the entry or exit of a kernel function may be in an object twice: <c>X</c> in <c>?fentry/f</c> or <c>?fexit/f</c>, and <c>X__kprobe</c>
/// in <c>?kprobe/f</c> or <c>?kretprobe/f</c>, which does the same on kernels and functions where the first cannot be. The <c>?</c> keeps loaders that
/// do not know this from loading both. <c>X</c> is whichever of them the kernel takes, the first if it does: that can fail at the kernel's policy, at
/// its types, at a helper (<c>bpf_get_func_ret</c> is newer than <c>fexit</c>), and before Linux 5.17 at an argument that points to a number.
/// </summary>
public static class ProgramForms
{
    /// <summary>What stands behind the name of a program that is on a kprobe in place of the program with the name before it.</summary>
    public const string KprobeSuffix = "__kprobe";

    /// <summary>
    /// What stands before the name of a program in the name of the function that says what its method declares: without code, with the context as
    /// its first parameter and the arguments that it takes out of it as the others. Programs of other compilers have none.
    /// </summary>
    public const string DeclarationPrefix = "____";
}
