using System;

namespace Fathom.Fuzzing.Running;

/// <summary>What one run starts with: two numbers and the eight behind <c>o</c>.</summary>
internal readonly record struct Input(ulong A, ulong B, ulong[] Outputs)
{
    private static readonly ulong[] s_interesting = [0, 1, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, ulong.MaxValue];

    /// <summary>The inputs of a seed: the boundaries first, then numbers of all lengths.</summary>
    public static Input[] Of(int seed, int count)
    {
        var random = new Random(seed);
        var inputs = new Input[count];
        for (int i = 0; i < count; i++)
        {
            ulong a = i < s_interesting.Length ? s_interesting[i] : Any(random);
            ulong b = i < s_interesting.Length ? s_interesting[random.Next(s_interesting.Length)] : Any(random);
            var outputs = new ulong[Writing.RandomMethod.Outputs];
            for (int o = 0; o < outputs.Length; o++)
            {
                outputs[o] = random.Next(3) == 0 ? s_interesting[random.Next(s_interesting.Length)] : Any(random);
            }

            inputs[i] = new Input(a, b, outputs);
        }

        return inputs;
    }

    private static ulong Any(Random random) => (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
}
