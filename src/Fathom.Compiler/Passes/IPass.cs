using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>One step over a function. It may assume what the checker checks, and must leave it so.</summary>
internal interface IPass
{
    /// <summary>Runs; true if it changed something.</summary>
    bool Run(Function function);
}
