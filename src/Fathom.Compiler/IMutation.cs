using Fathom.Compiler.CodeGeneration;
using Fathom.Compiler.IR;

namespace Fathom.Compiler;

/// <summary>A mistake that a compiler could make, made on purpose: a test of the tests.</summary>
internal interface IMutation
{
    /// <summary>Called with a function after each step on the intermediate form, the front end being the first.</summary>
    void Change(Function function, string step);

    /// <summary>Called with the code just before it is emitted, registers and frame decided.</summary>
    void Change(MachineFunction function);
}
