namespace Fathom.Tools.FuncCount;

/// <summary>What a cookie has above the place.</summary>
internal static class FuncCountCookie
{
    /// <summary>Here a cookie has a 1 where the kernel must run an instruction one step at a time.</summary>
    public const int StepShift = 32;

    /// <summary>Above that, the only process that counts; 0 for all. Numbers of processes have 22 bits.</summary>
    public const int OwnerShift = 40;
}

/// <summary>The places of a system call, each plus 1; 0 for none.</summary>
internal struct SystemCallPlaces
{
    /// <summary>Numbers of system calls are below this.</summary>
    public const int Count = Runtime.SystemCalls.Count;

    /// <summary>That of its entry.</summary>
    public uint Entry;

    /// <summary>That of its exit.</summary>
    public uint Exit;
}
