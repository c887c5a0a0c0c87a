using System;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

// Not among those that are told: it starts a process, and is asked only where a return probe would meet a seccomp filter.
public static unsafe partial class KernelFeatures
{
    private const int ChildMilliseconds = 10_000;
    private const int Kill = 9;
    private const uint FlagReturn = 1;

    /// <summary>
    /// Return probes on 64-bit code of x86-64 whatever seccomp filters a process has. From Linux 6.11 on they return through a system call, which
    /// filters that do not know it refuse; the repair, in 6.12.14, 6.13.3 and 6.14, asks no filter about it. Older kernels use a breakpoint.
    /// https://github.com/torvalds/linux/commit/cf6cb56ef24410fb5308f9655087f1eddf4452e6
    /// </summary>
    internal static KernelFeature FilteredReturns { get; } = new("return probes under seccomp filters", "6.14", TryFilteredReturn);

    // On a child of our own, whose filter refuses that system call and nothing else: FilteredReturnImage.
    private static FeatureAnswer TryFilteredReturn(Kernel kernel)
    {
        const string Name = "fathom-return-probe", What = "a return probe on a child with a filter";
        try
        {
            using KernelDescriptor? image = kernel.Calls.CreateProgram(Name, FilteredReturnImage.Build(), out int error);
            if (image is null)
            {
                return Untried($"a program in memory (memfd_create) gives {Errno.NameOf(error)}");
            }

            string path = $"/proc/self/fd/{image.Value}";
            var start = new ProcessStart(Encoding.ASCII.GetBytes(path), [Encoding.ASCII.GetBytes(Name)], []);
            using HeldProcess child = HeldProcess.Start(kernel.Calls, start);

            // Perf's uprobes can take more rights than a link, and links are not in every kernel.
            using KernelDescriptor? probe =
                PerfEvents.OpenFunction(kernel, isUser: true, isReturn: true, path, FilteredReturnImage.Function, 0, child.Id, out error)
                ?? LinkReturn(kernel, path, child.Id);
            if (probe is null)
            {
                return Untried($"{What} gives {Errno.NameOf(error)}");
            }

            child.Resume();
            Span<PollEntry> ended = [new() { Descriptor = child.Descriptor.Value, Wanted = PollEntry.In }];
            kernel.Calls.Poll(ended, ChildMilliseconds);
            if (ended[0].Found == 0)
            {
                child.Signal(Kill);
            }

            int code = child.WaitForExit();
            return code switch
            {
                FilteredReturnImage.Passed => new FeatureAnswer(FeatureSupport.Yes, What + " passes it"),
                FilteredReturnImage.Stopped => new FeatureAnswer(FeatureSupport.No, What + " is stopped by it"),
                FilteredReturnImage.NotProbed => Untried(What + " is not met"),
                FilteredReturnImage.NoFilter => Untried("a child may set no filter"),
                _ when child.Failure != 0 => Untried($"to execute a program in memory gives {Errno.NameOf(child.Failure)}"),
                _ => Untried($"a child with a filter ends with {code}"),
            };
        }
        catch (BpfException e) when (e is not ResourceLimitException)
        {
            return Untried(e.Message);
        }
    }

    private static FeatureAnswer Untried(string why) => new(FeatureSupport.Unknown, why) { Cause = RefusalCause.Other };

    private static KernelDescriptor? LinkReturn(Kernel kernel, string path, int process)
    {
        using KernelDescriptor? program = LoadProbe(kernel, KprobeType, UprobeMultiType, ToTrace, "a program of type kprobe", out _);
        if (program is null)
        {
            return null;
        }

        ulong offset = FilteredReturnImage.Function;
        fixed (byte* pointer = Encoding.ASCII.GetBytes(path + "\0"))
        {
            var attributes = new LinkCreateAttributes
            {
                Program = program.Value,
                AttachType = UprobeMultiType,
                UprobeCount = 1,
                UprobePath = pointer,
                UprobeOffsets = &offset,
                UprobeFlags = FlagReturn,
                UprobeProcess = process,
            };
            return kernel.Calls.BpfOpen(BpfCommand.LinkCreate, ref attributes, "probe", out _);
        }
    }
}
