namespace Fathom.Tools.FuncCount;

/// <summary>What <see cref="FuncCountProbe"/> asks: bits of its mode.</summary>
internal static class FuncCountMode
{
    /// <summary>The place is the cookie of the attachment.</summary>
    public const uint ByCookie = 1;

    /// <summary>Only one CPU.</summary>
    public const uint OneCpu = 2;

    /// <summary>Without <see cref="ByCookie"/>: the kernel must run an instruction at the place one step at a time.</summary>
    public const uint Stepped = 4;

    /// <summary>Above the place, a cookie has a 1 where the kernel must run an instruction one step at a time.</summary>
    public const int StepShift = 32;

    /// <summary>Above that, the only process that counts; 0 for all. Numbers of processes have 22 bits.</summary>
    public const int OwnerShift = 40;

    /// <summary>Numbers of system calls are below this.</summary>
    public const int SystemCalls = 512;
}

/// <summary>The places of a system call, each plus 1; 0 for none.</summary>
internal struct SystemCallPlaces
{
    /// <summary>That of its entry.</summary>
    public uint Entry;

    /// <summary>That of its exit.</summary>
    public uint Exit;
}
