using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// The types of an object in the kernel, for maps and for source positions. They are a convenience: a kernel that refuses them runs the
/// programs without, so that a refusal is noted and not thrown.
/// </summary>
internal sealed unsafe class ObjectBtf : IDisposable
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/btf.h (struct btf_header)
    private const int HeaderLengthAt = 4;
    private const int StringOffsetAt = 16;
    private const int StringLengthAt = 20;

    // What Linux 5.10 accepts, the oldest kernel that is supported.
    private static readonly BtfKernelSupport Floor = new() { DataSections = true, GlobalFunctions = true };

    private readonly Dictionary<string, int> _strings;

    private ObjectBtf(KernelDescriptor? descriptor, Dictionary<string, int> strings, string refusal)
    {
        Descriptor = descriptor;
        _strings = strings;
        Refusal = refusal;
    }

    /// <summary>The descriptor, null if the kernel refused or the object has no types.</summary>
    public KernelDescriptor? Descriptor { get; }

    /// <summary>Why the kernel refused; empty if it did not.</summary>
    public string Refusal { get; }

    /// <summary>Loads the types of an object.</summary>
    public static ObjectBtf Load(Kernel kernel, BpfObject definition)
    {
        if (definition.Btf.IsEmpty)
        {
            return new ObjectBtf(null, new(StringComparer.Ordinal), "");
        }

        ReadOnlyMemory<byte> types = BtfSanitizer.ReplaceExterns(BtfData.Parse(definition.Btf));
        ObjectBtf loaded = Load(kernel, definition, types);
        if (loaded.Refusal.Length == 0)
        {
            return loaded;
        }

        // Older kernels refuse all types for one that they do not know. What every supported kernel knows is tried next; if that is refused
        // too, the reason is not age, and the first refusal is the one to tell.
        ObjectBtf plain = Load(kernel, definition, BtfSanitizer.Sanitize(BtfData.Parse(types), Floor));
        return plain.Descriptor is not null ? plain : loaded;
    }

    /// <summary>Where a source file's name or a source line lies in the strings.</summary>
    public int StringOffset(string text) => _strings.GetValueOrDefault(text);

    /// <inheritdoc/>
    public void Dispose() => Descriptor?.Dispose();

    private static ObjectBtf Load(Kernel kernel, BpfObject definition, ReadOnlyMemory<byte> types)
    {
        var strings = new Dictionary<string, int>(StringComparer.Ordinal);
        byte[] bytes = WithStrings(definition, types.Span, strings);
        fixed (byte* pointer = bytes)
        {
            var attributes = new BtfLoadAttributes { Btf = pointer, BtfSize = (uint)bytes.Length };
            KernelDescriptor? descriptor = kernel.Calls.BpfOpen(BpfCommand.BtfLoad, ref attributes, "object BTF", out int error);
            string refusal = descriptor is not null || Runtime.Refusal.IsForbidden(error) ? "" : Explain(kernel, attributes, error);
            return new ObjectBtf(descriptor, strings, refusal);
        }
    }

    // Source positions name their file and line by offsets into the strings of the types, so these are put behind those that are there.
    private static byte[] WithStrings(BpfObject definition, ReadOnlySpan<byte> btf, Dictionary<string, int> strings)
    {
        int start = BinaryPrimitives.ReadInt32LittleEndian(btf[HeaderLengthAt..]) + BinaryPrimitives.ReadInt32LittleEndian(btf[StringOffsetAt..]);
        int length = BinaryPrimitives.ReadInt32LittleEndian(btf[StringLengthAt..]);
        var added = new List<byte>();

        // Most lines share their texts, and long ones are dear to look for by what they say.
        var known = new HashSet<string>(ReferenceEqualityComparer.Instance);
        foreach (BpfFunction function in definition.Functions)
        {
            foreach (LineInfo line in function.Lines)
            {
                Add(line.File);
                Add(line.Text);
            }
        }

        // The kernel wants the strings to be the last thing in the types, which they are in everything that compilers write.
        byte[] result = new byte[start + length + added.Count];
        btf[..(start + length)].CopyTo(result);
        added.CopyTo(result, start + length);
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(StringLengthAt), length + added.Count);
        return result;

        void Add(string text)
        {
            if (text.Length > 0 && known.Add(text) && strings.TryAdd(text, length + added.Count))
            {
                added.AddRange(Encoding.UTF8.GetBytes(text));
                added.Add(0);
            }
        }
    }

    private static string Explain(Kernel kernel, BtfLoadAttributes attributes, int error)
    {
        byte[] log = new byte[64 * 1024];
        fixed (byte* pointer = log)
        {
            attributes.Log = pointer;
            attributes.LogSize = (uint)log.Length;
            attributes.LogLevel = 1;
            using KernelDescriptor? again = kernel.Calls.BpfOpen(BpfCommand.BtfLoad, ref attributes, "object BTF", out _);
        }

        string line = VerifierLog.Parse(Encoding.UTF8.GetString(log).TrimEnd('\0')).DecisiveLine;
        return $"the kernel does not take the object's types ({Errno.NameOf(error)}{(line.Length == 0 ? "" : ": " + line)})";
    }
}
