using System;
using System.Reflection;

namespace Fathom.Fuzzing.Running;

/// <summary>The meaning of C#: what the CLR computes.</summary>
internal sealed unsafe class ClrOracle
{
    private readonly delegate*<ulong, ulong, ulong*, ulong> _entry;

    public ClrOracle(Type type)
    {
        MethodInfo method = type.GetMethod("Entry", BindingFlags.Public | BindingFlags.Static)!;
        _entry = (delegate*<ulong, ulong, ulong*, ulong>)method.MethodHandle.GetFunctionPointer();
    }

    /// <summary>One run; null for the quotient that the CLR refuses and BPF wraps, of which the CLR knows nothing.</summary>
    public Outcome? Run(Input input)
    {
        ulong[] outputs = [.. input.Outputs];
        fixed (ulong* o = outputs)
        {
            try
            {
                return new Outcome(1, _entry(input.A, input.B, o), outputs);
            }
            catch (OverflowException)
            {
                return null;
            }
            catch (Exception e) when (e is DivideByZeroException or IndexOutOfRangeException or ArgumentOutOfRangeException
                || e.GetType().Name == "SwitchExpressionException")
            {
                return new Outcome(0, Outcome.Untouched, outputs);
            }
        }
    }
}
