using System.Runtime.CompilerServices;

namespace Fathom.Tools.Shared.Kernel;

/// <summary>The name of a thread in a record, ended by a NUL (<c>TASK_COMM_LEN</c>).</summary>
[InlineArray(16)]
internal struct CommandBytes
{
    private byte _first;
}
