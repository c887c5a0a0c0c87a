using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Runtime;

namespace Fathom.Tools.FuncCount;

/// <summary>What it costs to pass a place.</summary>
/// <param name="Ns">Nanoseconds, with what the kernel does around the program.</param>
/// <param name="IsMeasured">Whether that was measured on this machine; otherwise it is an estimate, which can be several times too low or too high.</param>
internal readonly record struct HitPrice(double Ns, bool IsMeasured)
{
    /// <summary>The price, for people.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"about {(Ns < 1_000 ? $"{Ns:0} ns" : $"{Ns / 1_000:0.0} us")} ({(IsMeasured ? "measured on this machine" : "an estimate")})");
}

/// <summary>What a hit costs at each kind of place.</summary>
/// <remarks>
/// Most of it is what the kernel does around the program, which no program can time, and differs between machines by a factor of ten: where a trap is
/// dear, a uprobe is. So it is measured at the start, on functions of our own that nobody else runs.
/// </remarks>
internal sealed record HitPrices
{
    /// <summary>At a place of a file.</summary>
    public HitPrice User { get; init; } = new(1_000, false);

    /// <summary>At one whose instruction the kernel must run one step at a time.</summary>
    public HitPrice Stepped { get; init; } = new(15_000, false);

    /// <summary>What the kernel does around the program at one of its own functions.</summary>
    public HitPrice AroundKernel { get; init; } = new(250, false);

    /// <summary>Measures what user places cost, with a program that is attached in this process alone.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="isStatic">Whether the places are static probes.</param>
    /// <param name="hasStepped">Whether some of the places are stepped.</param>
    /// <param name="attach">Attaches to places of a file in this process.</param>
    /// <param name="links">What is attached then, to be taken away at the end: to detach takes the kernel longer than to measure.</param>
    /// <returns>The prices: the estimates, where nothing can be measured.</returns>
    public static HitPrices Measure(Kernel kernel, bool isStatic, bool hasStepped, Func<string, UserProbe[], IReadOnlyList<BpfLink>?> attach, out IReadOnlyList<BpfLink> links)
    {
        const int Calls = 16, SteppedCalls = 6;
        links = [];
        using ProbeTarget? target = ProbeTarget.Open(kernel);
        if (target is null)
        {
            return new();
        }

        ulong function = isStatic ? ProbeTarget.Nop : ProbeTarget.Emulated;
        double without = target.MeasureCall(function, Calls);
        if (attach(target.Path, [.. (hasStepped ? [function, ProbeTarget.Stepped] : (ulong[])[function]).Select(static place => new UserProbe(place))]) is not { } attached)
        {
            return new();
        }

        links = attached;
        double user = target.MeasureCall(function, Calls) - without;
        double stepped = hasStepped ? target.MeasureCall(ProbeTarget.Stepped, SteppedCalls) - without : 0;
        var prices = new HitPrices();
        return prices with { User = Measured(user) ?? prices.User, Stepped = Measured(stepped) ?? prices.Stepped };
    }

    // No processor takes a trap, nor a call into the kernel in its place, in less.
    private static HitPrice? Measured(double ns) => ns >= 50 ? new(ns, true) : null;
}
