using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;

namespace Fathom.Tools.Hosting;

/// <summary>Something in the kernel that a tool watches.</summary>
/// <param name="Way">How it is attached, for example <c>tp_btf link</c>.</param>
/// <param name="Target">To what, for example <c>block_rq_issue</c>; how many, where there are many.</param>
public sealed record TraceSource(string Way, string Target)
{
    /// <summary>The source that an attachment is.</summary>
    public static TraceSource Of(BpfLink link)
    {
        ArgumentNullException.ThrowIfNull(link);
        return new(link.Way, link.Program.Target);
    }
}

/// <summary>Why a tool, or a part of it, cannot run.</summary>
/// <param name="Cause">The cause.</param>
/// <param name="Sentence">What the tool itself would say: what was tried, why it fails, what to change.</param>
/// <param name="Remedy">What to change, alone.</param>
public sealed record Obstacle(RefusalCause Cause, string Sentence, string Remedy)
{
    /// <summary>The capabilities that the process lacks, if that is the cause.</summary>
    public CapabilitySet Missing { get; init; }

    /// <summary>The obstacle that an exception of the runtime tells of.</summary>
    public static Obstacle Of(BpfException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception is VerifierRejectedException
            ? new(exception.Cause, exception.Message, "the tool does not fit this kernel: please report what it says.")
            : new(exception.Cause, exception.Message, exception.Advice) { Missing = (exception as MissingCapabilityException)?.Missing ?? default };
    }
}

/// <summary>What a tool can watch, or one kind of what it can.</summary>
/// <param name="Name">What is watched, for example <c>kernel functions</c>; empty for a tool that has one part.</param>
/// <param name="Sources">What would be attached; empty if it cannot run.</param>
/// <param name="Obstacle">Why it cannot run; null if it can.</param>
public sealed record ToolPart(string Name, IReadOnlyList<TraceSource> Sources, Obstacle? Obstacle)
{
    /// <summary>Whether it can run.</summary>
    public bool Runs => Obstacle is null;

    /// <summary>An argument with which the tool watches things of this kind; empty where it needs none.</summary>
    public string Sample { get; init; } = "";

    /// <summary>Tries a part.</summary>
    /// <param name="name">What is watched; empty for a tool that has one part.</param>
    /// <param name="start">Starts it as the tool does, ends it, and says what was attached.</param>
    public static ToolPart Try(string name, Func<IReadOnlyList<TraceSource>> start)
    {
        ArgumentNullException.ThrowIfNull(start);
        try
        {
            return new(name, start(), null);
        }
        catch (BpfException e)
        {
            return new(name, [], Obstacle.Of(e));
        }
        catch (CannotRunException e)
        {
            return new(name, [], e.InnerException is BpfException inner ? Obstacle.Of(inner) with { Sentence = e.Message } : new(RefusalCause.Other, e.Message, e.Message));
        }
    }
}

/// <summary>What a tool would do on the running kernel.</summary>
/// <param name="Parts">What it can watch, one at least.</param>
/// <param name="Limits">What it cannot do here, or does less well than on other kernels, a sentence each.</param>
public sealed record ToolExamination(IReadOnlyList<ToolPart> Parts, IReadOnlyList<string> Limits)
{
    /// <summary>Whether it runs, at least in part.</summary>
    public bool Runs => Parts.Any(static part => part.Runs);

    /// <summary>Starts a tool with what it traces by default, and ends it at once.</summary>
    /// <param name="tool">The tool.</param>
    public static ToolExamination ByStarting(ITool tool)
    {
        ArgumentNullException.ThrowIfNull(tool);
        var limits = new List<string>();
        ToolPart part = ToolPart.Try("", () =>
        {
            // What it is busy with meanwhile is no limit, and would be a note where nothing shows the state.
            using ITracing tracing = tool.Start(new ToolRequest { Note = limits.Add, Status = static _ => { } });
            return tracing.Sources;
        });
        return new([part], limits);
    }
}
