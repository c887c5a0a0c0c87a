using System;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Tools.Tests.Events;
using Fathom.Workloads;
using Xunit;

namespace Fathom.Tools.Tests.FuncCount;

/// <summary>Names and code as compilers of other languages and with other options make them.</summary>
[Collection("events")]
public sealed class MatchFinderTests : IDisposable
{
    private const int Functions = 200;

    private readonly string _folder = Workload.Folder();
    private readonly string _library;

    public MatchFinderTests()
    {
        _library = _folder + "/libprimes.so";
        TestLibrary.Write(_library, Functions, slow: false);
    }

    public void Dispose() => Workload.Remove(_folder);

    [Theory]
    [InlineData("_ZN2ns3Foo3getIiEEiPT_", "ns::*")]
    [InlineData("_ZN2ns3Foo3getIiEEiPT_", "ns::Foo::get<int>")]
    [InlineData("_ZN2ns3Foo3getIiEEiPT_", "int ns::Foo::get<int>(int*)")]
    [InlineData("_ZN2ns3Foo3getIiEEiPT_", "_ZN2ns*")]
    [InlineData("_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo")]
    [InlineData("_ZNK1CclEi", "C::operator()")]
    [InlineData("_Znwm", "operator new")]
    [InlineData("_ZNK1C3fooEv", "C::foo")]
    [InlineData("_RINvC7mycrate3fooNtB2_3FoolE", "mycrate::foo::<*>")]
    public void A_name_matches_as_it_was_written(string symbol, string pattern)
    {
        Programs.NeedRoot();
        Replace("\0f100\0"u8, 1, Encoding.ASCII.GetBytes(symbol + "\0"));
        using RunningProgram traced = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", $"{_library}:{pattern}", "--", "/bin/true");
        Assert.True(traced.ExitCode == 0, traced.Errors);
        Assert.Contains("Tracing 1 function for", traced.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_at_the_beginning_of_a_function_does_not_count()
    {
        // f102: endbr64, inc cl, jne to the byte behind endbr64, ret. How often it turns depends on what the caller left there.
        const int Function = 102;
        Replace([0x55, 0x90, 0x48, 0x89, 0xe5, 0x5d, 0xc3, 0], 16 * Function, [0xf3, 0x0f, 0x1e, 0xfa, 0xfe, 0xc1, 0x75, 0xfc, 0xc3, 0x90]);
        using RunningProgram traced = Workload.Trace(["funccount", "--json", $"{_library}:f{Function}"], "calls", _library, $"{Functions}", "1");
        ulong[] counts = [.. Workload.Parse(traced.Output).Where(static record => record.Text("type") == "count").Select(static record => record.GetProperty("count").GetUInt64())];
        Assert.Equal([(ulong)Primes.OfFunction(Function)], counts);
    }

    // f102 begins with vzeroupper, and is never called; or it is a loop, of which no place is passed once.
    [Theory]
    [InlineData("c5f877c390909090", "begins with an AVX instruction (VEX): the kernel runs it wrongly under a probe")]
    [InlineData("ffc97402ebfac390", "comes back to its beginning, as a loop does")]
    public void What_a_probe_would_change_or_count_wrongly_is_named(string code, string reason)
    {
        const int Function = 102;
        Programs.NeedRoot();
        Replace([0x55, 0x90, 0x48, 0x89, 0xe5, 0x5d, 0xc3, 0], 16 * Function, Convert.FromHexString(code));
        using RunningProgram some = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", $"{_library}:f10*", "--", "/bin/true");
        Assert.True(some.ExitCode == 0, some.Errors);
        Assert.Contains("Tracing 10 functions for", some.Output, StringComparison.Ordinal);
        Assert.Contains($"not counted: 1 function (f{Function}): {reason}", some.Errors, StringComparison.Ordinal);

        using RunningProgram none = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", $"{_library}:f{Function}", "--", "/bin/true");
        Assert.NotEqual(0, none.ExitCode);
        Assert.Contains($"f{Function} in {_library} cannot be counted: it {reason}", none.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_the_process_has_not_mapped_is_said()
    {
        Programs.NeedRoot();
        using RunningProgram traced = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", "-p", $"{Environment.ProcessId}", "-d", "0.01", $"{_library}:f1");
        Assert.True(traced.ExitCode == 0, traced.Errors);
        Assert.Contains($"process {Environment.ProcessId} has not mapped {_library}: nothing is counted until it does", traced.Errors, StringComparison.Ordinal);
    }

    private void Replace(ReadOnlySpan<byte> behind, int offset, ReadOnlySpan<byte> bytes)
    {
        byte[] file = File.ReadAllBytes(_library);
        bytes.CopyTo(file.AsSpan(file.AsSpan().IndexOf(behind) + offset));
        File.WriteAllBytes(_library, file);
    }
}
