using System;
using System.Buffers.Binary;

namespace Fathom.Format.Btf;

/// <summary>
/// Numbers of the format: https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/btf.h
/// </summary>
internal static class BtfFormat
{
    public const string Name = "BTF";
    public const ushort Magic = 0xeb9f;
    public const int HeaderSize = 24;

    /// <summary>Bytes that every type has: name, info, and size or target.</summary>
    public const int TypeHeaderSize = 12;

    /// <summary>Highest bit offset of a member in a struct with the kind flag, which leaves 24 bits for it.</summary>
    public const int MaxFlaggedOffset = 0x00ff_ffff;

    public const uint KindFlag = 0x8000_0000;
    public const uint IntSigned = 1;
    public const uint IntChar = 2;
    public const uint IntBool = 4;

    /// <summary>The kernel resolves no deeper chain of types (<c>MAX_RESOLVE_DEPTH</c> in kernel/bpf/btf.c).</summary>
    public const int MaxDepth = 32;

    private const uint TargetKinds = (1u << (int)BtfKind.Pointer) | (1u << (int)BtfKind.Typedef) | (1u << (int)BtfKind.Volatile)
        | (1u << (int)BtfKind.Const) | (1u << (int)BtfKind.Restrict) | (1u << (int)BtfKind.Function) | (1u << (int)BtfKind.FunctionPrototype)
        | (1u << (int)BtfKind.Variable) | (1u << (int)BtfKind.DeclarationTag) | (1u << (int)BtfKind.TypeTag);

    /// <summary>By kind: bytes behind the header that do not depend on the number of parts.</summary>
    private static ReadOnlySpan<byte> FixedSizes => [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0];

    /// <summary>By kind: bytes of a member, enumerator, parameter or section variable.</summary>
    private static ReadOnlySpan<byte> PartSizes => [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12];

    public static uint Info(BtfKind kind, uint length = 0, bool kindFlag = false) => ((uint)kind << 24) | length | (kindFlag ? KindFlag : 0);

    public static BtfKind Kind(uint info) => (BtfKind)((info >> 24) & 0x7f);

    public static int Length(uint info) => (int)(info & 0x00ff_ffff);

    /// <summary>Bytes behind the header of a type; -1 for an unknown kind.</summary>
    public static int TrailingSize(uint info)
    {
        // By tables, because this is asked for each of the hundred thousand types of a kernel before a tool can start.
        int kind = (int)Kind(info);
        return kind == 0 || kind >= FixedSizes.Length ? -1 : FixedSizes[kind] + (PartSizes[kind] * Length(info));
    }

    /// <summary>True for kinds whose third word is the id of another type and not a size.</summary>
    public static bool HasTarget(BtfKind kind) => (uint)kind < 32 && (TargetKinds & (1u << (int)kind)) != 0;

    public static void WriteHeader(Span<byte> header, int typesLength, int stringsLength)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(header, Magic);
        header[2] = 1;
        header[3] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(header.Slice(4), HeaderSize);
        BinaryPrimitives.WriteInt32LittleEndian(header.Slice(8), 0);
        BinaryPrimitives.WriteInt32LittleEndian(header.Slice(12), typesLength);
        BinaryPrimitives.WriteInt32LittleEndian(header.Slice(16), typesLength);
        BinaryPrimitives.WriteInt32LittleEndian(header.Slice(20), stringsLength);
    }
}
