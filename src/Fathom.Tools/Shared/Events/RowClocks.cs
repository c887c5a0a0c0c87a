using Fathom.Output.Rows;

namespace Fathom.Tools.Shared.Events;

/// <summary>The clock of the running kernel's events.</summary>
public static class RowClocks
{
    /// <summary>Compares the clocks now; later suspends of the machine are followed.</summary>
    public static RowClock Measure() => RowClock.Measure(Runtime.Kernel.Running.Calls.ReadClocks);
}
