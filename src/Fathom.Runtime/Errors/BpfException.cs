using System;
using Fathom.Format.Linux;

namespace Fathom.Runtime;

/// <summary>
/// Something that the caller or the machine did, and that the kernel therefore refused. The message is one line: what was tried, on what,
/// the kernel's errno, and what to do.
/// </summary>
public class BpfException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="operation">What was tried, for example <c>create map</c>.</param>
    /// <param name="objectName">On what: the name of a map, program or file.</param>
    /// <param name="errorNumber">The errno, 0 if no system call failed.</param>
    /// <param name="advice">Why, and what to do, in one sentence.</param>
    public BpfException(string operation, string objectName, int errorNumber, string advice)
        : this(operation, objectName, errorNumber, advice, Describe(operation, objectName, errorNumber, advice))
    {
    }

    /// <summary>Creates the exception with a message of its own.</summary>
    protected BpfException(string operation, string objectName, int errorNumber, string advice, string message)
        : base(message)
    {
        Operation = operation;
        ObjectName = objectName;
        ErrorNumber = errorNumber;
        Advice = advice;
    }

    /// <summary>What was tried.</summary>
    public string Operation { get; }

    /// <summary>On what: the name of a map, program or file.</summary>
    public string ObjectName { get; }

    /// <summary>The errno, 0 if no system call failed.</summary>
    public int ErrorNumber { get; }

    /// <summary>The errno's name, for example <c>EPERM</c>; empty if no system call failed.</summary>
    public string ErrorName => ErrorNumber == 0 ? "" : Errno.NameOf(ErrorNumber);

    /// <summary>Why, and what to do, in one sentence.</summary>
    public string Advice { get; }

    /// <summary>What stands in the way; <see cref="RefusalCause.Other"/> where only the message can say it.</summary>
    public virtual RefusalCause Cause => RefusalCause.Other;

    private static string Describe(string operation, string objectName, int errorNumber, string advice)
    {
        string subject = objectName.Length == 0 ? operation : operation + " " + objectName;
        return errorNumber == 0 ? $"{subject}: {advice}" : $"{subject}: {Errno.NameOf(errorNumber)}: {advice}";
    }
}
