using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;

namespace Fathom.Format.Objects;

/// <summary>
/// Writes <c>.fathom.lines</c>: what <see cref="LineInfo"/> holds beyond <c>.BTF.ext</c>. All fields are 32 bits, little-endian. A header
/// (version, number of functions, where its strings begin) is followed by the functions: name, number of inlined calls, number of lines; then
/// the calls (method, file, line, column, outer) and the lines (instruction, file, text, line, column, length, call). Strings are its own,
/// because linkers put those of BTF in another order.
/// </summary>
internal sealed class LinesWriter
{
    internal const int Version = 0x464c_0001;
    internal const int HeaderWords = 3;
    internal const int FunctionWords = 3;
    internal const int CallWords = 5;
    internal const int LineWords = 7;

    private readonly List<int> words = [];
    private readonly List<byte> strings = [0];
    private readonly Dictionary<string, int> offsets = new(StringComparer.Ordinal) { [""] = 0 };

    private LinesWriter()
    {
    }

    /// <summary>The section; null if <c>.BTF.ext</c> says all that there is.</summary>
    internal static byte[]? Write(ImmutableArray<BpfFunction> functions)
    {
        var writer = new LinesWriter();
        int count = 0;
        foreach (BpfFunction function in functions)
        {
            if (IsMore(function))
            {
                count++;
                writer.Add(function);
            }
        }

        return count == 0 ? null : writer.Finish(count);
    }

    private static bool IsMore(BpfFunction function)
    {
        foreach (LineInfo line in function.Lines)
        {
            if (line.Length != 0 || line.Inlined >= 0)
            {
                return true;
            }
        }

        return !function.InlinedCalls.IsEmpty;
    }

    private void Add(BpfFunction function)
    {
        words.AddRange([Add(function.Name), function.InlinedCalls.Length, function.Lines.Length]);
        foreach (InlinedCall call in function.InlinedCalls)
        {
            words.AddRange([Add(call.Method), Add(call.File), call.Line, call.Column, call.Outer]);
        }

        foreach (LineInfo line in function.Lines)
        {
            words.AddRange([line.Instruction, Add(line.File), Add(line.Text), line.Line, line.Column, line.Length, line.Inlined]);
        }
    }

    private int Add(string text)
    {
        if (!offsets.TryGetValue(text, out int offset))
        {
            offset = strings.Count;
            strings.AddRange(Encoding.UTF8.GetBytes(text));
            strings.Add(0);
            offsets.Add(text, offset);
        }

        return offset;
    }

    private byte[] Finish(int count)
    {
        int start = (HeaderWords + words.Count) * sizeof(int);
        words.InsertRange(0, [Version, count, start]);
        byte[] bytes = new byte[start + strings.Count];
        for (int i = 0; i < words.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), words[i]);
        }

        strings.CopyTo(bytes, start);
        return bytes;
    }
}
