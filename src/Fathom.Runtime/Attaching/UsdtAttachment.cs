using System;
using System.Collections.Generic;
using System.Numerics;
using System.Runtime.InteropServices;
using Fathom.Bpf;
using Fathom.Format;
using Fathom.Format.Elf.Images;
using FoundKind = Fathom.Format.Elf.Images.UsdtArgumentKind;
using SpecKind = Fathom.Bpf.UsdtArgumentKind;

namespace Fathom.Runtime;

/// <summary>Programs on static probes of user programs (USDT): their places are found in the file, and told to the program where its arguments are.</summary>
internal static class UsdtAttachment
{
    /// <summary>Attaches to all places of a probe.</summary>
    /// <param name="program">A usdt program.</param>
    /// <param name="specs">The map that tells it where arguments are; null if it asks for none.</param>
    /// <param name="firstKey">The key of the first place in the map; those behind it follow.</param>
    /// <param name="file">The program or library.</param>
    /// <param name="provider">Who provides the probe; empty for any.</param>
    /// <param name="name">The probe.</param>
    /// <param name="process">The only process; 0 for all.</param>
    /// <param name="count">How many places there are.</param>
    public static LinkSet Attach(
        BpfProgram program, BpfMap? specs, ulong firstKey, UserFile file, string provider, string name, int process, out int count)
    {
        Attacher.Expect(program, program.Section.Kind is "usdt" or "usdt.multi");
        List<UserProbe> places = [];
        try
        {
            using UserImage image = UserImage.Open(program.Kernel, file);
            foreach (UsdtProbe probe in image.Image.UsdtProbes)
            {
                if (probe.Name == name && (provider.Length == 0 || probe.Provider == provider))
                {
                    ulong key = firstKey + (ulong)places.Count;
                    if (specs is not null)
                    {
                        UsdtSpec spec = SpecOf(image.Image, probe);
                        specs.Update(MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in key)), MemoryMarshal.AsBytes(new ReadOnlySpan<UsdtSpec>(in spec)));
                    }

                    places.Add(new(probe.FileOffset, specs is null ? 0 : key, probe.SemaphoreOffset));
                }
            }
        }
        catch (BadFormatException e)
        {
            throw new AttachException($"{program.Name} to {file.ShownPath}", 0, $"the file is damaged: {e.Message}.");
        }

        count = places.Count;
        return count > 0 ? Attach(program, file, places, process) : throw new AttachException(
            $"{program.Name} to {file.ShownPath}", 0, $"it has no static probe {(provider.Length == 0 ? name : provider + ":" + name)}.");
    }

    /// <summary>What a program is told of a place.</summary>
    /// <exception cref="AttachException">An argument is somewhere that is not understood.</exception>
    internal static UsdtSpec SpecOf(ElfImage image, UsdtProbe probe)
    {
        var spec = default(UsdtSpec);
        Span<UsdtArgumentSpec> arguments = spec.Arguments;
        int index = 0;
        foreach (UsdtArgument written in UsdtArgument.ParseAll(probe.Arguments))
        {
            UsdtArgument argument = written.Resolve(image, probe);
            if (index == arguments.Length || argument.Kind is not (FoundKind.Constant or FoundKind.Register or FoundKind.Memory))
            {
                throw new AttachException($"to {probe.Provider}:{probe.Name}", 0, index == arguments.Length
                    ? $"it has more than {arguments.Length} arguments."
                    : $"its argument '{written.Text}' is not in a constant, a register or memory at one.");
            }

            arguments[index++] = new()
            {
                Value = argument.Value,
                Register = (ushort)(argument.Register.Offset + (argument.Register.Shift / 8)),
                Index = (ushort)argument.Index.Offset,
                Kind = argument.Kind switch
                {
                    FoundKind.Constant => SpecKind.Constant,
                    FoundKind.Register => SpecKind.Register,
                    _ => argument.Index.IsNone ? SpecKind.Memory : SpecKind.IndexedMemory,
                },
                Scale = (byte)(argument.Scale == 0 ? 0 : BitOperations.Log2((uint)argument.Scale)),
                Size = (byte)argument.Size,
                IsSigned = argument.IsSigned ? (byte)1 : (byte)0,
            };
        }

        return spec;
    }

    private static LinkSet Attach(BpfProgram program, UserFile file, List<UserProbe> places, int process)
    {
        var links = new LinkSet();
        try
        {
            if (program.Section.Kind == "usdt.multi")
            {
                links.Add(program.AttachUprobes(file.Path, CollectionsMarshal.AsSpan(places), process));
            }
            else
            {
                foreach (UserProbe place in places)
                {
                    links.Add(program.AttachUprobe(file.Path, place, process));
                }
            }

            return links;
        }
        catch
        {
            links.Dispose();
            throw;
        }
    }
}
