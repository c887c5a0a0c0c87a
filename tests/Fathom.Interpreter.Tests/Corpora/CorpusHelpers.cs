using System;
using System.Collections.Generic;

namespace Fathom.Interpreter.Tests.Corpora;

/// <summary>The helpers that the cases count on: the first five of <c>ubpf</c>'s test program, and the sixth, which gives its argument.</summary>
internal static class CorpusHelpers
{
    public static IReadOnlyDictionary<int, HelperFunction> All { get; } = new Dictionary<int, HelperFunction>
    {
        [0] = static (_, a, b, c, d, e) => ((a & 0xff) << 32) | ((b & 0xff) << 24) | ((c & 0xff) << 16) | ((d & 0xff) << 8) | (e & 0xff),
        [1] = static (machine, address, size, _, _, _) =>
        {
            foreach (ref byte b in machine.GetMemory(address, (int)size, write: true))
            {
                b ^= 42;
            }

            return address;
        },
        [2] = static (_, _, _, _, _, _) => 0,
        [3] = static (_, number, _, _, _, _) => (ulong)Math.Sqrt(number),
        [4] = static (machine, a, b, _, _, _) =>
        {
            for (; ; a++, b++)
            {
                byte first = machine.GetMemory(a, 1)[0];
                byte second = machine.GetMemory(b, 1)[0];
                if (first != second || first == 0)
                {
                    return (ulong)(first - second);
                }
            }
        },
        [5] = static (_, argument, _, _, _, _) => argument,
    };
}
