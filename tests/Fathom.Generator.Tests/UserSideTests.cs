using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;
using Fathom.Runtime;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>From the source to the running kernel and back, through the members that the generator writes.</summary>
public sealed class UserSideTests
{
    private static readonly string[] s_bpftool = ["/usr/sbin/bpftool", "/usr/bin/bpftool", "/sbin/bpftool"];

    private static readonly string[] s_twins = ["One.Twin", "One.twin", "one.Twin"];

    private static readonly Lazy<Assembly> s_assembly = new(() => Compiling.Build(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "UserSide.cs"))));

    [Theory]
    [InlineData("Core_answers_about_this_kernel")]
    [InlineData("An_argument_is_read_only_where_it_is_used")]
    [InlineData("Constants_change_what_runs")]
    [InlineData("Maps_and_globals_are_typed")]
    [InlineData("A_fault_ends_the_program_with_0")]
    [InlineData("A_fault_ends_the_subprogram_or_the_body_of_a_loop")]
    [InlineData("Each_object_has_a_part_of_its_own")]
    [InlineData("A_part_has_a_user_side")]
    [InlineData("What_surrounds_a_program_runs_wherever_it_returns")]
    [InlineData("What_a_condition_rules_out_is_not_loaded")]
    [InlineData("What_a_condition_rules_out_has_no_room")]
    [InlineData("User_space_and_programs_have_the_same_answers")]
    [InlineData("Losses_are_read_at_once")]
    public void The_programs_do_what_they_say(string test)
    {
        var method = s_assembly.Value.GetType("UserSide")!.GetMethod(test)!.CreateDelegate<Action<Kernel>>();
        try
        {
            method(Kernel.Running);
        }
        catch (MissingCapabilityException e)
        {
            Assert.Skip(e.Message);
        }
    }

    [Fact]
    public void All_tests_of_the_case_file_are_run()
    {
        string[] named = [.. typeof(UserSideTests).GetMethod(nameof(The_programs_do_what_they_say))!.GetCustomAttributes<InlineDataAttribute>().Select(a => (string)a.Data[0]!)];
        Assert.Equal(s_assembly.Value.GetType("UserSide")!.GetMethods(BindingFlags.Public | BindingFlags.Static).Select(m => m.Name).Order(), named.Order());
    }

    [Fact]
    public void Objects_whose_names_differ_in_case_are_two()
    {
        const string Body = " { internal static ulong Seen; [Syscall] static int Run() { Seen++; return 1; } }\n";
        Assembly built = Compiling.Build("using Fathom.Bpf;\nnamespace One { [BpfObject] static unsafe partial class Twin" + Body + "[BpfObject] static unsafe partial class twin" + Body + "}\n"
            + "namespace one { [BpfObject] static unsafe partial class Twin" + Body + "}\n");
        Assert.All(s_twins, t => Assert.NotEmpty(Compiling.ObjectFileOf(built, t)));
    }

    [Theory]
    [InlineData("Maps")]
    [InlineData("Faults")]
    [InlineData("Queries")]
    public async Task Another_loader_loads_the_object(string type)
    {
        string? bpftool = s_bpftool.FirstOrDefault(File.Exists);
        Assert.SkipWhen(bpftool is null, "bpftool is not installed.");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "bpftool needs root to load programs.");
        string file = Path.Combine(Path.GetTempPath(), "fathom-" + Guid.NewGuid().ToString("N") + ".bpf.o");
        await File.WriteAllBytesAsync(file, Compiling.ObjectFileOf(s_assembly.Value, type), TestContext.Current.CancellationToken);
        try
        {
            // The mount, and with it what is pinned, is gone when the shell ends.
            using var process = Process.Start(new ProcessStartInfo("unshare", ["-m", "sh", "-c", $"mount -t bpf bpf /sys/fs/bpf && {bpftool} prog loadall {file} /sys/fs/bpf/x && ls /sys/fs/bpf/x"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, await errors);
            string[] programs = [.. s_assembly.Value.GetType(type)!.GetNestedType("Programs", BindingFlags.NonPublic | BindingFlags.Public)!.GetFields().Select(f => (string)f.GetRawConstantValue()!)];
            Assert.NotEmpty(programs);
            Assert.Equal(programs.Order(StringComparer.Ordinal), output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
