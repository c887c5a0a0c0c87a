using System;
using System.IO;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.FuncCount;
using Fathom.Tools.Hosting;
using Fathom.Tools.Tests.Events;
using Fathom.Workloads;
using Xunit;

namespace Fathom.Tools.Tests.FuncCount;

/// <summary>Names that a file has, has elsewhere, or has not: what the file says is what the user is told.</summary>
public sealed class FuncCountNamesTests : IDisposable
{
    private static readonly byte[] s_build = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];

    private readonly string _folder = Workload.Folder();

    private string Library => _folder + "/libnames.so";

    public void Dispose() => Workload.Remove(_folder);

    [Fact]
    public void A_function_that_is_called_and_defined_elsewhere_is_said_to_be_there()
    {
        string other = _folder + "/libother.so";
        TestLibrary.Write(other, 20, slow: false);
        TestLibrary.Write(Library, 5, slow: false, new() { Imports = ["f17"], Needed = [_folder + "/libmissing.so", other] });
        Assert.Equal($"{Library} calls f17, but does not define it; {other} does: count it with '{other}:f17'", WhyNot("f17"));
        Assert.Equal($"{Library} has no function f18; {other}, which it is loaded with, has one: count it with '{other}:f18'", WhyNot("f18"));
    }

    [Fact]
    public void A_function_that_is_called_and_defined_nowhere_is_not_said_to_be_inlined()
    {
        TestLibrary.Write(Library, 5, slow: false, new() { Imports = ["elsewhere"] });
        Assert.StartsWith($"no function matches '{Library}:elsewhere', which {Library} calls, but which another file defines", WhyNot("elsewhere"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_is_answered_by_the_name_that_lies_there()
    {
        TestLibrary.Write(Library, 20, slow: false);
        using UserImage image = UserImage.Open(Kernel.Running, Library);
        ulong address = image.Image.FindFunctions("f10")[0].Address;
        Assert.Equal($"functions are counted by name, and 0x{address + 1:x} in {Library} lies in f10: count '{Library}:f10'", WhyNot($"0x{address + 1:x}"));
        Assert.StartsWith($"functions are counted by name, and no function of {Library} that has one lies at 0x7fffffff0000, ", WhyNot("0x7fffffff0000"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_debug_file_is_no_program()
    {
        string debug = Library + ".debug";
        TestLibrary.Write(Library, 5, slow: false);
        TestLibrary.Write(debug, 5, slow: false, new() { IsDebugFile = true });
        var e = Assert.Throws<CannotRunException>(() => Find(debug + ":hidden1"));
        Assert.Equal($"{debug} is a debug file, which has names and no code: name the program or library that it was made of, {Library}; its names are found from there", e.Message);
    }

    [Fact]
    public void An_indirect_function_whose_choices_have_no_names_is_not_sent_in_a_circle()
    {
        TestLibrary.Write(Library, 1, slow: false, new() { IndirectFunctions = 1, BuildId = s_build });
        Assert.Equal(
            $"f0 in {Library} only chooses the function that is really called (an indirect function), and the names of those that it chooses from are in the file's debug "
            + "symbols alone: install these (build id 0102030405060708090a0b0c0d0e0f1011121314), or count the functions that call it", WhyNot("f0"));
    }

    [Fact]
    public void Code_that_the_loader_changes_is_not_counted()
    {
        TestLibrary.Write(Library, 5, slow: false, new() { HasTextRelocations = true });
        Assert.Contains("begins with code that the loader changes (DT_TEXTREL): the kernel would run what the file has in its place", WhyNot("f*"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_only_chooses_a_function_is_not_counted_by_its_other_name_either()
    {
        // _f0 lies where the indirect f0 does.
        Programs.NeedRoot();
        TestLibrary.Write(Library, 5, slow: false, new() { IndirectFunctions = 1, BuildId = s_build });
        using RunningProgram tool = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", Library + ":*f*", "--duration", "0.1");
        Assert.Contains("Tracing 4 functions", tool.Output, StringComparison.Ordinal);
        Assert.Contains("not counted: 2 functions (", tool.Errors, StringComparison.Ordinal);
        Assert.Contains("_f0", tool.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("names.debug")]
    [InlineData(".debug/names.debug")]
    public void Names_come_from_the_debug_file_that_is_linked(string place)
    {
        string debug = $"{_folder}/{place}";
        Directory.CreateDirectory(Path.GetDirectoryName(debug)!);
        TestLibrary.Write(Library, 5, slow: false, new() { BuildId = s_build, DebugLink = "names.debug" });
        TestLibrary.Write(debug, 5, slow: false, new() { IsDebugFile = true, BuildId = s_build });
        Assert.Equal(["hidden1"], Find(Library + ":hidden1").Countables.Select(static one => one.Symbol));

        // That of another build would have its names elsewhere.
        TestLibrary.Write(debug, 5, slow: false, new() { IsDebugFile = true, BuildId = [.. s_build.Reverse()] });
        Assert.Contains($"the debug file {debug} is not used: it belongs to another build, or has no symbols", WhyNot("hidden1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_build_id_the_checksum_of_the_link_must_be_that_of_the_debug_file()
    {
        string debug = _folder + "/names.debug";
        TestLibrary.Write(debug, 5, slow: false, new() { IsDebugFile = true });
        uint checksum = Checksum(File.ReadAllBytes(debug));
        TestLibrary.Write(Library, 5, slow: false, new() { DebugLink = "names.debug", DebugChecksum = checksum });
        Assert.Equal(["hidden1"], Find(Library + ":hidden1").Countables.Select(static one => one.Symbol));
        TestLibrary.Write(Library, 5, slow: false, new() { DebugLink = "names.debug", DebugChecksum = checksum + 1 });
        Assert.Contains("is not used", WhyNot("hidden1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_come_from_the_debug_file_inside()
    {
        string xz = Programs.Find("xz", "xz-utils"), debug = _folder + "/mini";
        TestLibrary.Write(debug, 5, slow: false, new() { IsDebugFile = true });
        RunningProgram.Run(xz, debug).Dispose();
        byte[] packed = File.ReadAllBytes(debug + ".xz");
        TestLibrary.Write(Library, 5, slow: false, new() { DebugData = packed });
        Assert.Equal(["hidden1"], Find(Library + ":hidden1").Countables.Select(static one => one.Symbol));

        // A part of it is none.
        TestLibrary.Write(Library, 5, slow: false, new() { DebugData = packed[..(packed.Length / 2)] });
        Assert.Contains($"the names that {Library} carries with it (.gnu_debugdata) are not used: xz cannot unpack them", WhyNot("hidden1"), StringComparison.Ordinal);
    }

    // A kilobyte can unpack to gigabytes: a file must not make its readers work for more than its own size.
    [Fact]
    public void A_debug_file_inside_is_not_much_larger_than_the_file_itself()
    {
        string xz = Programs.Find("xz", "xz-utils"), debug = _folder + "/mini";
        TestLibrary.Write(debug, 5, slow: false, new() { IsDebugFile = true });
        using (FileStream stream = File.OpenWrite(debug))
        {
            stream.SetLength(1 << 20);
        }

        RunningProgram.Run(xz, debug).Dispose();
        byte[] packed = File.ReadAllBytes(debug + ".xz");
        TestLibrary.Write(Library, 5, slow: false, new() { DebugData = packed });
        Assert.True(new FileInfo(Library).Length < 100_000);
        Assert.Contains($"the names that {Library} carries with it (.gnu_debugdata) are not used: unpacked they are more than three times as large as the file", WhyNot("hidden1"), StringComparison.Ordinal);
    }

    // Where hundreds of thousands match, to decode them first would take seconds.
    [Fact]
    public void Too_many_are_refused_before_it_is_asked_whether_they_can_be_counted()
    {
        TestLibrary.Write(Library, 5, slow: false);
        int all = Find(Library + ":*").Countables.Count;
        CannotRunException refused = Assert.Throws<CannotRunException>(() =>
            new MatchFinder(Kernel.Running) { Most = all - 1 }.UserFunctions(FuncCountTarget.Parse(Library + ":*", isRegex: false), 0, out _));
        Assert.StartsWith($"{all} functions match '{Library}:*', more than {all - 1}: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(all, new MatchFinder(Kernel.Running) { Most = all }.UserFunctions(FuncCountTarget.Parse(Library + ":*", isRegex: false), 0, out _).Countables.Count);
    }

    private static Matches Find(string pattern) => new MatchFinder(Kernel.Running).UserFunctions(FuncCountTarget.Parse(pattern, isRegex: false), 0, out _);

    private string WhyNot(string name) => Assert.Throws<CannotRunException>(() => Find($"{Library}:{name}")).Message;

    // Bit by bit, as the definition has it.
    private static uint Checksum(byte[] bytes)
    {
        uint checksum = uint.MaxValue;
        foreach (byte one in bytes)
        {
            checksum ^= one;
            for (int bit = 0; bit < 8; bit++)
            {
                checksum = (checksum & 1) != 0 ? (checksum >> 1) ^ 0xedb8_8320 : checksum >> 1;
            }
        }

        return ~checksum;
    }
}
