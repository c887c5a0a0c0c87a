namespace Fathom.Runtime;

/// <summary>What is known of what a register holds.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Number">Of the stack the distance from where its pointer was at the beginning, of a table its address, or the address itself.</param>
/// <param name="Origin">What the distances of a table are counted from, once that is added.</param>
internal readonly record struct Content(ContentKind Kind, ulong Number = 0, ulong Origin = 0)
{
    /// <summary>Nothing is known.</summary>
    public static Content Unknown { get; } = new(ContentKind.Unknown);

    /// <summary>Nothing is known but that it was added up.</summary>
    public static Content Computed { get; } = new(ContentKind.Computed);

    // What may be a part of a way to a table does not become what certainly is none.
    private bool IsOfTable => Kind >= ContentKind.Computed;

    private bool IsWord => Kind is ContentKind.Pointer or ContentKind.Indexed or ContentKind.Entry;

    /// <summary>What is known where one of two arrives.</summary>
    public Content Or(Content other) =>
        this == other || other.Kind == ContentKind.None ? this
        : Kind == ContentKind.None ? other
        : IsWord && other.IsWord ? new(ContentKind.Indexed)
        : IsOfTable || other.IsOfTable || Kind == ContentKind.Address || other.Kind == ContentKind.Address ? Computed
        : Unknown;

    /// <summary>What is known when a number is added.</summary>
    public Content Plus(long number) => Kind switch
    {
        ContentKind.Stack or ContentKind.Address or ContentKind.Inside => this with { Number = Number + (ulong)number },
        ContentKind.None => this,
        _ => Computed,
    };

    /// <summary>What is known when something else is added.</summary>
    public Content Plus(Content other) => (Kind, other.Kind) switch
    {
        (ContentKind.Distance, ContentKind.Address) => new(ContentKind.Place, Number, other.Number),
        (ContentKind.Address, ContentKind.Distance) => new(ContentKind.Place, other.Number, Number),
        (ContentKind.Address, ContentKind.Unknown or ContentKind.Computed or ContentKind.Pointer) => new(ContentKind.Inside, Number),
        (ContentKind.Unknown or ContentKind.Computed or ContentKind.Pointer, ContentKind.Address) => new(ContentKind.Inside, other.Number),
        _ => Computed,
    };
}

/// <summary>What a register may hold, as far as jumps and the stack are concerned.</summary>
internal enum ContentKind
{
    /// <summary>No way is known that leads there.</summary>
    None,

    /// <summary>Anything.</summary>
    Unknown,

    /// <summary>A place on the stack.</summary>
    Stack,

    /// <summary>An address that the code names.</summary>
    Address,

    /// <summary>The address that the function returns to.</summary>
    Return,

    /// <summary>A word that was read through a pointer, or from a variable: not by an index.</summary>
    Pointer,

    /// <summary>What was added up, or one of several things that have to do with tables.</summary>
    Computed,

    /// <summary>The place of some entry of a table.</summary>
    Inside,

    /// <summary>A word that was read by an index, from where is not known.</summary>
    Indexed,

    /// <summary>A word of a table.</summary>
    Entry,

    /// <summary>Four bytes of a table, of which the upper half is not right yet.</summary>
    Half,

    /// <summary>Four bytes of a table.</summary>
    Distance,

    /// <summary>Four bytes of a table and what they are counted from.</summary>
    Place,
}
