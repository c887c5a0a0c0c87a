using System;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Format;
using Fathom.Format.Elf.Images;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>
/// Looks at the places of probes in a file before the kernel is asked, and refuses those that would change what a program computes. Every way of attaching
/// to user code goes through it. What it looked at is what is attached to, also if another file has been put in its place: <see cref="Path"/>.
/// </summary>
internal sealed class ProbeGuard : IDisposable
{
    private const ulong LongestWay = 1 << 20;
    private const int MostDecoded = 1 << 22;
    private const int MarkLength = 4;

    private readonly KernelDescriptor _file;
    private readonly UserImage _image;
    private readonly CodeDecoder? _decoder;
    private readonly InstructionJudge? _judge;
    private readonly ImmutableArray<ElfRange> _functions;
    private readonly PlaceRefusals _refusals;

    private int _decoded;

    private ProbeGuard(KernelDescriptor file, UserImage image, string path)
    {
        _file = file;
        _image = image;
        Path = path;
        int bits = image.Image.Machine switch { ElfMachine.X64 => 64, ElfMachine.X86 => 32, _ => 0 };
        _decoder = bits == 0 ? null : new CodeDecoder(bits);
        _judge = bits == 0 ? null : new InstructionJudge(bits);
        _functions = image.Image.FunctionRanges;
        _refusals = new PlaceRefusals(image.Image);
    }

    /// <summary>The file that was looked at, as long as this is not disposed.</summary>
    public string Path { get; }

    /// <summary>Looks at all places.</summary>
    /// <param name="program">The program that is to run there.</param>
    /// <param name="path">The file.</param>
    /// <param name="probes">The places.</param>
    /// <param name="process">The only process; 0 for all.</param>
    /// <exception cref="ProbeRefusedException">A place is refused: the first of them.</exception>
    /// <exception cref="AttachException">The file cannot be read, or is none of programs.</exception>
    public static ProbeGuard Open(BpfProgram program, string path, ReadOnlySpan<UserProbe> probes, int process)
    {
        // A descriptor that only names the file: whatever it is, nothing happens by opening it.
        Kernel kernel = program.Kernel;
        KernelDescriptor file = kernel.Calls.Open(path, out int error, KernelCalls.OpenPathOnly) ?? throw Attacher.Failure(program, path, error, error switch
        {
            Errno.ENOENT => "there is no such file.",
            Errno.EACCES or Errno.EPERM => "the file may not be read.",
            _ => "the file cannot be opened.",
        });
        UserImage? image = null;
        try
        {
            string link = $"/proc/self/fd/{file.Value}";
            string held = kernel.Calls.ReadLink(link) is null ? path : link;
            image = UserImage.Open(kernel, new UserFile(held, path));
            var guard = new ProbeGuard(file, image, held);
            guard.Check(program, path, probes, process);
            return guard;
        }
        catch (Exception e)
        {
            image?.Dispose();
            file.Dispose();
            switch (e)
            {
                case UserFileException unread:
                    throw new AttachException($"{program.Name} to {path}", unread.ErrorNumber, unread.Advice);
                case BadFormatException damaged:
                    throw new AttachException($"{program.Name} to {path}", 0, $"the file is damaged: {damaged.Message}.");
                default:
                    throw;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _image.Dispose();
        _file.Dispose();
    }

    private void Check(BpfProgram program, string path, ReadOnlySpan<UserProbe> probes, int process)
    {
        bool isReturn = program.Section.IsReturn || program.Section.Kind == "uprobe.session";
        bool hasShadowStack = ShadowStacks.MayBeIn(program.Kernel, process);
        foreach (UserProbe probe in probes)
        {
            ProbeRefusal? refusal = !_image.Image.TryGetCodeAddress(probe.Offset, out ulong address) ? ProbeRefusal.NoCode
                : RefusalAt(address, isReturn, hasShadowStack) ?? (isReturn ? ReturnProbes.RefusalIn(_image.Image, probe) : null);
            if (refusal is not null)
            {
                throw new ProbeRefusedException(program.Name, path, NameOf(address), probe, refusal);
            }
        }

        // Last, since it may take a trial. Other code than this returns through a breakpoint.
        if (isReturn && !probes.IsEmpty && _image.Image.Machine == ElfMachine.X64
            && SeccompFilters.RefusalIn(program.Kernel, Path, process) is { } filtered)
        {
            string name = _image.Image.TryGetCodeAddress(probes[0].Offset, out ulong first) ? NameOf(first) : "";
            throw new ProbeRefusedException(program.Name, path, name, probes[0], filtered);
        }
    }

    private ProbeRefusal? RefusalAt(ulong address, bool isReturn, bool hasShadowStack)
    {
        ReadOnlyMemory<byte> code = _image.Image.ReadLoaded(address);
        ProbeVerdict verdict = _judge?.Judge(code.Span) ?? default;
        ElfRange? function = FunctionAt(address);
        bool isEntry = function is { } known && IsEntry(address, known.Address);
        return verdict.Refusal
            ?? _refusals.At(address, verdict.Length)
            ?? (function is { } around ? RefusalInside(address, around.Address) : null)
            ?? (isReturn && !isEntry ? ProbeRefusal.NoEntry : null)
            ?? (hasShadowStack && (isReturn || verdict.IsCall) ? ProbeRefusal.ShadowStack : null);
    }

    // Behind the mark of a place that may be jumped to indirectly nothing is on the stack yet, as before it.
    private bool IsEntry(ulong address, ulong function) =>
        address == function || (address == function + MarkLength && _image.Image.ReadLoaded(function).Span is [0xf3, 0x0f, 0x1e, 0xfa or 0xfb, ..]);

    private ElfRange? FunctionAt(ulong address)
    {
        // The last that begins at or before it, if it reaches so far; one without a size reaches to the next.
        int low = 0, high = _functions.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _functions[middle].Address <= address ? (middle + 1, high) : (low, middle);
        }

        return low > 0 && _functions[low - 1] is var found && (found.Size == 0 || address - found.Address < found.Size) ? found : null;
    }

    // An instruction begins where those before it end.
    private ProbeRefusal? RefusalInside(ulong address, ulong function)
    {
        if (_decoder is null || address == function)
        {
            return null;
        }

        if (address - function > LongestWay)
        {
            return ProbeRefusal.TooFar;
        }

        // As long as the longest way, and more.
        _decoder.Open(_image.Image.ReadLoaded(function));
        ulong at = function;
        while (at < address)
        {
            if (++_decoded > MostDecoded)
            {
                return ProbeRefusal.TooFar;
            }

            // Data between instructions: the next byte may be one again.
            _decoder.Decode((int)(at - function), at, out Instruction instruction);
            at += instruction.IsInvalid ? 1 : (ulong)instruction.Length;
        }

        return at == address ? null : ProbeRefusal.Inside;
    }

    private string NameOf(ulong address)
    {
        if (FunctionAt(address) is not { } range)
        {
            return "";
        }

        string name = _image.Image.Functions.First(one => one.Address == range.Address).Name;
        return address == range.Address ? name : $"{name}+0x{address - range.Address:x}";
    }
}
