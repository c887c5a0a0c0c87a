using System;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Gives up what is not needed any more.</summary>
public static unsafe class Privileges
{
    /// <summary>
    /// Drops every capability of the calling thread, for good, once everything is attached. Maps and links that are open work on: the kernel
    /// checks when they are opened, not when they are used. Call it before threads are started that should be bound by it as well;
    /// capabilities belong to threads, and new threads inherit those of their maker.
    /// </summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="keep">Capabilities to keep, for example to read the symbols of other processes.</param>
    /// <exception cref="BpfException">The kernel refuses.</exception>
    public static void DropAfterAttach(Kernel kernel, CapabilitySet keep = default)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        var header = new CapabilityHeader { Version = CapabilityHeader.Version3 };
        CapabilityData* data = stackalloc CapabilityData[2];
        Require(kernel.Calls.Raw.GetCapabilities(&header, data), "read");
        for (int word = 0; word < 2; word++)
        {
            uint mask = (uint)(keep.Bits >> (32 * word));
            data[word].Effective &= mask;
            data[word].Permitted &= mask;
            data[word].Inheritable &= mask;
        }

        Require(kernel.Calls.Raw.SetCapabilities(&header, data), "drop");
    }

    /// <summary>The effective capabilities of this thread; none if the kernel does not say.</summary>
    internal static CapabilitySet Read(KernelCalls calls)
    {
        var header = new CapabilityHeader { Version = CapabilityHeader.Version3 };
        CapabilityData* data = stackalloc CapabilityData[2];
        return calls.Raw.GetCapabilities(&header, data) < 0
            ? default
            : new CapabilitySet(data[0].Effective | ((ulong)data[1].Effective << 32));
    }

    private static void Require(long result, string what)
    {
        if (result < 0)
        {
            throw new BpfException(what + " capabilities", "", (int)-result, "go on with the privileges as they are, or run it without root.");
        }
    }
}
