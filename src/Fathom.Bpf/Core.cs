using System;

namespace Fathom.Bpf;

/// <summary>
/// Questions to the types of the running kernel, answered when the object is loaded (CO-RE). An answer is a constant to the verifier, so the
/// branch that it rules out may use what this kernel does not have.
/// </summary>
public static unsafe class Core
{
    /// <summary>True if the kernel has a field: <c>Core.FieldExists(task->__state)</c>. The argument is not evaluated.</summary>
    public static bool FieldExists<T>(in T field) => throw DeviceOnlyException.Create();

    /// <summary>True if the kernel has a field that is a pointer.</summary>
    public static bool FieldExists(void* field) => throw DeviceOnlyException.Create();

    /// <summary>Bytes of a field in the kernel. The argument is not evaluated.</summary>
    public static uint FieldSize<T>(in T field) => throw DeviceOnlyException.Create();

    /// <summary>Offset in bytes of a field in the kernel. The argument is not evaluated.</summary>
    public static uint FieldOffset<T>(in T field) => throw DeviceOnlyException.Create();

    /// <summary>Offset in bytes of a field that is a pointer.</summary>
    public static uint FieldOffset(void* field) => throw DeviceOnlyException.Create();

    /// <summary>True if the kernel has a type with this name.</summary>
    public static bool TypeExists<T>()
        where T : unmanaged => throw DeviceOnlyException.Create();

    /// <summary>Bytes of a type in the kernel.</summary>
    public static uint SizeOf<T>()
        where T : unmanaged => throw DeviceOnlyException.Create();

    /// <summary>True if the kernel's enumeration has an enumerator: <c>Core.EnumValueExists(ReqOp.REQ_OP_ZONE_APPEND)</c>.</summary>
    public static bool EnumValueExists<T>(T value)
        where T : unmanaged, Enum => throw DeviceOnlyException.Create();

    /// <summary>The number that the kernel gives to an enumerator.</summary>
    public static ulong EnumValue<T>(T value)
        where T : unmanaged, Enum => throw DeviceOnlyException.Create();
}
