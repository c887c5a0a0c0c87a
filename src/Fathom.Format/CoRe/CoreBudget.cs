namespace Fathom.Format.CoRe;

/// <summary>Bounds the work that all relocations of an object together can cause, whose types are nested in each other or have many namesakes.</summary>
internal sealed class CoreBudget
{
    // A member or a type that is looked at is a step. The largest objects of libbpf-tools take some ten thousand.
    private const int Limit = 4_000_000;
    private int _spent;

    /// <summary>For comparing a name, which takes longer for a long one.</summary>
    public void SpendOn(int nameLength) => Spend(1 + (nameLength / 64));

    public void Spend(int steps = 1)
    {
        _spent += steps;
        if (_spent > Limit)
        {
            throw new BadFormatException(CoreError.Format, 0, "the types are nested too widely, or too many have one name, to be compared");
        }
    }
}
