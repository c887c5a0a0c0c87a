using System;
using System.Collections.Generic;

namespace Fathom.FileFuzzing;

/// <summary>A reader of files or texts.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Share">How many of a thousand inputs are for it.</param>
/// <param name="Seeds">Good inputs.</param>
/// <param name="Mutate">Changes an input.</param>
/// <param name="Read">Reads an input, and uses all that it gives; what it returns tells readings of the same input apart.</param>
/// <param name="MayThrow">Whether an exception is one that the reader documents.</param>
internal sealed record Reader(
    string Name,
    int Share,
    IReadOnlyList<byte[]> Seeds,
    Func<Dice, byte[], byte[]> Mutate,
    Func<byte[], long> Read,
    Func<Exception, bool> MayThrow);
