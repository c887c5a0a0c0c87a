using System.Collections.Generic;

namespace Fathom.Compiler.IR;

/// <summary>A function in the compiler's intermediate form: basic blocks of three-address instructions on virtual registers.</summary>
public sealed class Function
{
    private readonly List<IrType> _types = [];
    private readonly Dictionary<int, string> _names = [];

    internal Function(string name, string section, IReadOnlyList<IrType> parameters, IrType result, int typeId)
    {
        Name = name;
        Section = section;
        Parameters = parameters;
        Result = result;
        TypeId = typeId;
    }

    /// <summary>Its name in the object.</summary>
    public string Name { get; }

    /// <summary>Its section.</summary>
    public string Section { get; }

    /// <summary>Types of its parameters.</summary>
    public IReadOnlyList<IrType> Parameters { get; }

    /// <summary>Type of its result.</summary>
    public IrType Result { get; }

    /// <summary>Its <c>BTF_KIND_FUNC</c>.</summary>
    public int TypeId { get; }

    /// <summary>The blocks in the order of the code; the first is the entry, which nothing jumps to.</summary>
    internal List<Block> Blocks { get; } = [];

    /// <summary>The stack slots, by number.</summary>
    internal List<SlotInfo> Slots { get; } = [];

    /// <summary>Number of virtual registers.</summary>
    internal int ValueCount => _types.Count;

    /// <summary>Number of block ids given out.</summary>
    internal int BlockIds { get; private set; }

    internal void Retype(int value, IrType type) => _types[value] = type;

    internal int NewValue(IrType type, string? name = null)
    {
        _types.Add(type);
        if (name is not null)
        {
            _names[_types.Count - 1] = name;
        }

        return _types.Count - 1;
    }

    internal IrType TypeOf(int value) => _types[value];

    internal string? NameOf(int value) => _names.TryGetValue(value, out string? name) ? name : null;

    internal Block NewBlock(string? name = null) => new(BlockIds++, name);
}

/// <summary>Size and alignment of a stack slot.</summary>
/// <param name="Bytes">Bytes.</param>
/// <param name="Alignment">Alignment.</param>
/// <param name="Name">Name for dumps.</param>
/// <param name="Position">Where it was made.</param>
internal sealed record SlotInfo(int Bytes, int Alignment, string? Name, SourcePosition? Position);

/// <summary>A basic block.</summary>
public sealed class Block
{
    internal Block(int id, string? name)
    {
        Id = id;
        Name = name;
    }

    internal int Id { get; }

    internal string? Name { get; }

    /// <summary>Phis first, a terminator last.</summary>
    internal List<IrInstruction> Instructions { get; } = [];

    /// <summary>Filled by <see cref="ControlFlow"/>.</summary>
    internal List<Block> Predecessors { get; } = [];

    internal IrInstruction Terminator => Instructions[Instructions.Count - 1];

    internal Block[] Successors => Terminator.Targets;

    /// <summary>Number of phis at the start.</summary>
    internal int PhiCount
    {
        get
        {
            int count = 0;
            while (count < Instructions.Count && Instructions[count].Op == Opcode.Phi)
            {
                count++;
            }

            return count;
        }
    }
}
