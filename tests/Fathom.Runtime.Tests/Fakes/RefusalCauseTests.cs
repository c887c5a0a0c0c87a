using System;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>Each thing that can stand in the way of a tool has a cause of its own.</summary>
public sealed unsafe class RefusalCauseTests
{
    private const string Whole = "0 0 4294967295\n";

    private readonly FakeSystemCalls _calls = new();

    [Theory]
    [InlineData(0UL, Whole, "none", "0", RefusalCause.MissingCapability)]
    [InlineData(1UL << 39, Whole, "none", "2", RefusalCause.MissingCapability)]
    [InlineData(ulong.MaxValue, "0 1000 1\n", "confidentiality", "2", RefusalCause.UserNamespace)]
    [InlineData(ulong.MaxValue, Whole, "confidentiality", "2", RefusalCause.Lockdown)]
    [InlineData(ulong.MaxValue, Whole, "integrity", "2", RefusalCause.Seccomp)]
    [InlineData(ulong.MaxValue, Whole, "integrity", "0", RefusalCause.KernelPolicy)]
    [InlineData((1UL << 38) | (1UL << 39), Whole, "none", "0", RefusalCause.KernelPolicy)]
    public void What_is_forbidden_has_its_cause(ulong capabilities, string map, string lockdown, string seccomp, RefusalCause cause)
    {
        _calls.Capabilities = new(capabilities);
        _calls.Files["/proc/self/uid_map"] = Encoding.ASCII.GetBytes(map);
        _calls.Files["/proc/self/status"] = Encoding.ASCII.GetBytes($"Uid:\t0\t0\t0\t0\nSeccomp:\t{seccomp}\n");
        _calls.Files["/sys/kernel/security/lockdown"] = Encoding.ASCII.GetBytes($"[{lockdown}]\n");
        _calls.Fail(BpfCommand.MapCreate, Errno.EPERM);

        BpfException e = Assert.ThrowsAny<BpfException>(() => Load("raw_tp/sys_enter"));

        Assert.Equal(cause, e.Cause);
        Assert.EndsWith(e.Advice, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.ENOSYS, RefusalCause.MissingConfig)]
    [InlineData(Errno.EINVAL, RefusalCause.TooOld)]
    [InlineData(Errno.ENOMEM, RefusalCause.Other)]
    public void A_map_that_cannot_be_created_has_its_cause(int error, RefusalCause cause)
    {
        _calls.Fail(BpfCommand.MapCreate, error);
        Assert.Equal(cause, Assert.ThrowsAny<BpfException>(() => Load("raw_tp/sys_enter")).Cause);
    }

    [Theory]
    [InlineData("Uid:\t1000\t1000\t1000\t1000\n", 0UL, "0 0 4294967295", "run this as root, or give the program CAP_DAC_READ_SEARCH")]
    [InlineData("Uid:\t0\t0\t0\t0\n", 0UL, "0 0 4294967295", "root does not have CAP_DAC_READ_SEARCH here: run this outside of the container or service that took it away")]
    [InlineData("Uid:\t0\t0\t0\t0\n", ulong.MaxValue, "0 1000 1", "the capabilities of a user namespace do not count for this: run this as root outside of the container or namespace")]
    [InlineData("Uid:\t0\t0\t0\t0\n", ulong.MaxValue, "0 0 4294967295", "it is refused to root too, by a security policy of this machine (see dmesg, audit), or by the container")]
    public void To_be_root_is_no_advice_to_root(string status, ulong capabilities, string map, string remedy)
    {
        _calls.Files["/proc/self/status"] = Encoding.ASCII.GetBytes(status);
        _calls.Files["/proc/self/uid_map"] = Encoding.ASCII.GetBytes(map + "\n");
        _calls.Capabilities = new CapabilitySet(capabilities);
        var kernel = new Runtime.Kernel(_calls);

        Assert.Equal(remedy, Refusal.Remedy(kernel, CapabilitySet.ReadSearch));

        _calls.FileErrors["/sys/kernel/btf/vmlinux"] = Errno.EACCES;
        Assert.Contains(remedy, Assert.Throws<KernelBtfException>(() => kernel.Btf).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_types_the_cause_is_that() =>
        Assert.Equal(RefusalCause.MissingBtf, Assert.ThrowsAny<BpfException>(() => Load("tp_btf/sys_enter")).Cause);

    [Theory]
    [InlineData("program of this type cannot use helper bpf_probe_read_kernel#113", "confidentiality", RefusalCause.Lockdown)]
    [InlineData("unknown func bpf_probe_read_kernel#113", "unknown", RefusalCause.Lockdown)]
    [InlineData("unknown func bpf_probe_read_kernel#113", "none", RefusalCause.TooOld)]
    [InlineData("unknown func bpf_get_attach_cookie#174", "confidentiality", RefusalCause.TooOld)]
    public void Lockdown_hides_in_what_the_verifier_says(string line, string mode, RefusalCause cause)
    {
        _calls.Files["/sys/kernel/security/lockdown"] = Encoding.ASCII.GetBytes(mode == "unknown" ? "?" : $"[{mode}]\n");
        _calls.On(BpfCommand.ProgramLoad, (_, attributes) =>
        {
            FakeSystemCalls.WriteLog(attributes, $"0: (85) call 113\n{line}\nprocessed 1 insns (limit 1000000)\n");
            return -Errno.EINVAL;
        });

        Assert.Equal(cause, Assert.ThrowsAny<BpfException>(() => Load("raw_tp/sys_enter")).Cause);
    }

    [Fact]
    public void Lockdown_is_found_in_the_words_of_newer_verifiers()
    {
        // As Linux 7.3 writes it.
        const string Log = """
            0: (85) call bpf_probe_read_kernel#113
            program of this type cannot use helper bpf_probe_read_kernel#113

            Verification failed: helper is not available

            Reason:
              This program type has no access to the helper.

            processed 1 insns (limit 1000000)

            """;
        _calls.Files["/sys/kernel/security/lockdown"] = "none integrity [confidentiality]\n"u8.ToArray();
        _calls.On(BpfCommand.ProgramLoad, (_, attributes) =>
        {
            FakeSystemCalls.WriteLog(attributes, Log);
            return -Errno.EINVAL;
        });

        Assert.Equal(RefusalCause.Lockdown, Assert.ThrowsAny<BpfException>(() => Load("raw_tp/sys_enter")).Cause);
        Assert.Equal(FeatureSupport.No, new Runtime.Kernel(_calls).Probe(KernelFeatures.Helper("x", 113, "?", ProgramType.RawTracepoint)).Support);
    }

    [Fact]
    public void Every_cause_has_a_word_of_its_own()
    {
        RefusalCause[] causes = Enum.GetValues<RefusalCause>();
        Assert.Equal(causes.Length, new System.Collections.Generic.HashSet<string>(Array.ConvertAll(causes, static cause => cause.Word())).Count);
    }

    private void Load(string section) => LoadedObject.Load(
        new(_calls), Samples.Object([Samples.Returning("probe", section, 0)], [Samples.Map(MapType.Hash, 4, 8, 100)])).Dispose();
}
