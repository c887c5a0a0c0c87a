namespace Fathom.Runtime;

/// <summary>How the kernel gets past the instruction that a uprobe replaced, once the probe has run.</summary>
public enum ProbeStep
{
    /// <summary>Not known: the machine is not x86, or no probe belongs there.</summary>
    Unknown = 0,

    /// <summary>It runs a copy of the instruction in single-step mode, with a second trap: much dearer than the probe itself.</summary>
    SingleStep = 1,

    /// <summary>It does in its own code what the instruction would have done.</summary>
    Emulate = 2,

    /// <summary>As <see cref="Emulate"/> since Linux 6.16, as <see cref="SingleStep"/> before.</summary>
    EmulateSince616 = 3,
}
