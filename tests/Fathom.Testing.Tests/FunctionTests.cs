using System.Linq;
using System.Runtime.InteropServices;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Xunit;

namespace Fathom.Testing.Tests;

/// <summary>Programs at functions: a test gives arguments, and the machine puts them where the program's type has them.</summary>
public sealed class FunctionTests
{
    [Theory]
    [InlineData(ReadSizes.Programs.Reads)]
    [InlineData(ReadSizes.Programs.Reads + "__kprobe")]
    public void Counts_what_readers_ask_for(string program)
    {
        var bpf = BpfTest.Load(ReadSizes.GetObjectFile());
        var file = bpf.Place(new KernelFile { f_flags = 0x8000 });

        bpf.Run(program, file, bpf.PlaceText("buffer"), 512UL);
        bpf.Run(program, bpf.Place(new KernelFile()), 0UL, 1024UL);

        Assert.Equal(512UL, bpf.Global<ulong>("s_asked"));
    }

    [Fact]
    public void A_result_is_the_last_argument_of_an_exit()
    {
        var bpf = BpfTest.Load(ReadSizes.GetObjectFile());
        var file = bpf.Place(new KernelFile());
        bpf.Run(ReadSizes.Programs.HasRead, file, 0UL, 512UL, 0UL, 100L);
        bpf.Run(ReadSizes.Programs.HasRead, file, 0UL, 512UL, 0UL, -11L);
        Assert.Equal(100L, bpf.Global<long>("s_read"));
        bpf.Run(ReadSizes.Programs.HasRead + "__kprobe", 50L);
        bpf.Run(ReadSizes.Programs.HasRead + "__kprobe", -11L);
        Assert.Equal(150L, bpf.Global<long>("s_read"));
    }

    [Fact]
    public void Registers_can_be_given_as_such()
    {
        var bpf = BpfTest.Load(ReadSizes.GetObjectFile());
        bpf.FunctionAddress = 0x1000;
        bpf.AttachCookie = 7;
        PtRegs registers = new() { Rsi = 3 };
        Assert.Equal(1, bpf.RunOn(ReadSizes.Programs.Both, ref registers).ReturnValue);
        Assert.Equal(0x1000UL + 7 + 3, bpf.Global<ulong>("s_asked"));
    }

    [Fact]
    public void An_iterator_writes_records()
    {
        var bpf = BpfTest.Load(ReadSizes.GetObjectFile());
        var meta = bpf.Place(new IteratorMeta());
        bpf.Run(ReadSizes.Programs.Each, meta, bpf.Place(new TaskStruct { pid = 5 }));
        bpf.Run(ReadSizes.Programs.Each, meta, 0);
        Assert.Equal([5], bpf.Machine.State.Sequence.Select(record => MemoryMarshal.Read<int>(record)));
    }

    [Fact]
    public void There_are_no_more_registers_than_there_are()
    {
        var bpf = BpfTest.Load(ReadSizes.GetObjectFile());
        Assert.Contains("first 6", Assert.Throws<System.ArgumentException>(() => bpf.Run(ReadSizes.Programs.Reads + "__kprobe", 1, 2, 3, 4, 5, 6, 7)).Message, System.StringComparison.Ordinal);
        Assert.Contains("result only", Assert.Throws<System.ArgumentException>(() => bpf.Run(ReadSizes.Programs.HasRead + "__kprobe", 1, 2)).Message, System.StringComparison.Ordinal);
    }
}

[BpfObject(License = "GPL")]
internal static unsafe partial class ReadSizes
{
    internal static ulong s_asked;
    internal static long s_read;

    [KernelFunction("vfs_read")]
    private static void Reads(KernelFile* file, void* buffer, ulong count)
    {
        if ((file->f_flags & 0x8000) != 0) { s_asked += count; }
    }

    [KernelFunctionReturn("vfs_read", Arguments = 4)]
    private static void HasRead(long result)
    {
        if (result > 0) { s_read += result; }
    }

    [KprobeSession]
    private static int Both(PtRegs* registers)
    {
        s_asked += registers->Rsi + Helpers.GetFuncIp(registers) + Helpers.GetAttachCookie(registers);
        return 1;
    }

    [Iterator("task")]
    private static int Each(IteratorMeta* meta, TaskStruct* task)
    {
        if (task != null)
        {
            int thread = task->pid;
            Helpers.SeqWrite(meta->Sequence, in thread);
        }

        return 0;
    }
}
