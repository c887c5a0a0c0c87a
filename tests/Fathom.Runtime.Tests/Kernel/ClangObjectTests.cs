using System.IO;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Runtime.Tests.Kernels;

/// <summary>Objects that clang made load and run here. Their programs check themselves and return the line that failed.</summary>
public sealed class ClangObjectTests
{
    [Fact]
    public void Relocated_programs_find_nothing_wrong()
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Read("btf/testdata/relocs_enum-el.elf"));
        Assert.NotEmpty(loaded.Programs);
        foreach (BpfProgram program in loaded.Programs)
        {
            Assert.Equal(0u, program.TestRun(packet: new byte[64]).ReturnValue);
        }
    }

    [Fact]
    public void A_field_that_the_kernel_lacks_is_named_at_the_line_that_needs_it()
    {
        // Made for the types of another object, which the kernel does not have.
        VerifierRejectedException e = Assert.Throws<VerifierRejectedException>(
            () => LoadedObject.Load(Require.Root(), Read("btf/testdata/relocs_read-el.elf")));

        Assert.Matches(@"relocs_read\.c\(\d+,\d+\): the program needs what this kernel does not have: struct s", e.Message);
        Assert.Contains("relocs_read.c(", e.Position, System.StringComparison.Ordinal);
    }

    [Fact]
    public void A_raw_tracepoint_is_attached()
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Read("testdata/raw_tracepoint-el.elf"));
        using LinkSet links = loaded.Attach();

        Assert.Equal("sched_process_exec", Assert.Single(links.Links).Program.Target);
    }

    [Fact]
    public void Variables_are_shared_and_changed()
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Read("testdata/variables-el.elf"));

        Assert.NotEmpty(loaded.Programs);
        Assert.Empty(loaded.Notes);
    }

    private static BpfObject Read(string file)
    {
        string path = Path.Combine(Corpora.Folder, "cilium-ebpf-testdata", file);
        Assert.SkipUnless(File.Exists(path), $"The object {path} is not there; set FATHOM_CORPORA to the folder of the corpora.");
        return ObjectFile.Parse(File.ReadAllBytes(path));
    }
}
