namespace Fathom.Fuzzing.Writing;

/// <summary>What a random method leans to: each leaning makes a kind of mistake likely that the others hardly meet.</summary>
internal enum Leaning
{
    /// <summary>A bit of everything.</summary>
    None,
    /// <summary>Chains of conversions between widths and signs.</summary>
    Widths,
    /// <summary>Many variables that are alive at once.</summary>
    Pressure,
    /// <summary>Memory that is read and written in several widths.</summary>
    Memory,
    /// <summary>Branches, loops and switches.</summary>
    Control,
}

/// <summary>How much of each thing a random method has.</summary>
internal sealed record Size(int LeastVariables, int MostVariables, int LeastStatements, int MostStatements, int Budget, int Depth, int Callees, int StorageChance)
{
    /// <summary>A dozen statements or fewer, where most mistakes already show, and hundreds are compiled a second.</summary>
    public static readonly Size Small = new(2, 3, 2, 6, 16, 2, 1, 30);

    /// <summary>A screen or two.</summary>
    public static readonly Size Medium = new(3, 5, 4, 8, 40, 3, 2, 45);

    /// <summary>What fills the register file and the frame.</summary>
    public static readonly Size Large = new(4, 8, 7, 14, 100, 3, 3, 60);
}
