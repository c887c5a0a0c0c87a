using System;

namespace Fathom.Bpf;

/// <summary>Stacks by id (<c>BPF_MAP_TYPE_STACK_TRACE</c>).</summary>
[MapKind(7)]
public sealed unsafe class StackTraces
{
    /// <summary>Stores the current stack and gives its id (<c>bpf_get_stackid</c>).</summary>
    /// <param name="context">The program's context.</param>
    /// <param name="flags">Which stack; the low 8 bits are a number of frames to skip.</param>
    /// <returns>An id of 0 or more, or a negative errno: -EEXIST when another stack has the place.</returns>
    [Helper(27, ProgramTypes = ProgramTypes.Observing)]
    public long GetId(void* context, StackFlags flags = StackFlags.None) => throw DeviceOnlyException.Create();
}

/// <summary>Which stack is taken, and how (<c>BPF_F_*</c>).</summary>
[Flags]
public enum StackFlags
{
    /// <summary>The kernel's.</summary>
    None = 0,
    /// <summary>The process's.</summary>
    User = 256,
    /// <summary>Compare stacks by their hash only.</summary>
    FastCompare = 512,
    /// <summary>Replace another stack that has the place.</summary>
    Replace = 1024,
    /// <summary>By build id and offset, for <see cref="Helpers.GetStack(void*, System.Span{byte}, StackFlags)"/>.</summary>
    UserBuildId = 2048,
}
