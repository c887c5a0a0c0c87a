using System;
using System.Globalization;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>What is known where the verifier stopped, and how it is said.</summary>
internal sealed class VerifierFacts
{
    private const int RingReserve = 131;
    private const int RingSubmit = 132;
    private const int RingDiscard = 133;
    private readonly RegisterHistory _history;

    public VerifierFacts(VerifierLog log, LinkedProgram program)
    {
        Log = log;
        Source = new SourceText(program);
        _history = new RegisterHistory(program, log.Path);
        Step = log.Path.Count - 1;
    }

    public VerifierLog Log { get; }

    public SourceText Source { get; }

    /// <summary>Index of the last step of the path, -1 if the log has none.</summary>
    public int Step { get; }

    /// <summary>The instruction at which it stopped; null if the log has none, or is not of this program.</summary>
    public Instruction? Instruction => _history.At(Step);

    /// <summary>"a read of 4 bytes", "a write of 1 byte", or the helper that is called.</summary>
    public string Access(long size) => Instruction switch
    {
        { IsCall: true } => $"{QuoteHere("the helper")} may access {Bytes(size)} that",
        { Class: InstructionClass.LoadX } => $"a read of {Bytes(size)}",
        { Class: InstructionClass.Store or InstructionClass.StoreX } => $"a write of {Bytes(size)}",
        _ => $"an access of {Bytes(size)}",
    };

    public static string Bytes(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} byte{(count == 1 ? "" : "s")}");

    public RegisterState? StateOf(int register) => Step < 0 ? null : _history.StateBefore(Step, register);

    /// <summary>The number that was added to a pointer, where and by which factor; null if none was.</summary>
    public IndexOfPointer? IndexOf(int pointer)
    {
        if (Step < 0)
        {
            return null;
        }

        (int Step, int Register)? found = _history.FindIndex(Step, pointer);

        // The addition itself may be what was refused.
        if (found is null && Instruction is { IsAlu: true, UsesSourceRegister: true, AluOperation: AluOperation.Add } add)
        {
            found = (Step, (int)(_history.StateBefore(Step, (int)add.Destination) is { IsNumber: true } ? add.Destination : add.Source));
        }

        return found is { } at
            ? new IndexOfPointer(_history.Trace(at.Step, at.Register), _history.StateBefore(at.Step, at.Register), at.Step)
            : null;
    }

    public RegisterOrigin OriginOf(int register) => Step < 0 ? new RegisterOrigin(OriginKind.Unknown, -1) : _history.Trace(Step, register);

    /// <summary>Where a step is, with what is blank before it; empty if the object does not say.</summary>
    public string AtStep(int step) => step < 0 || Source.PositionOf(Log.Path[step].Slot) is not { Length: > 0 } position ? "" : " at " + position;

    /// <summary>The source of where it stopped as a quotation; a log that was cut off may say of no instruction.</summary>
    public string QuoteHere(string otherwise) => Step < 0 ? otherwise : Quote(Log.Path[Step].Slot, otherwise);

    /// <summary>The source of a slot as a quotation.</summary>
    public string Quote(int slot, string otherwise) => Source.ExpressionOf(slot) is { Length: > 0 } text ? "`" + text + "`" : otherwise;

    /// <summary>The name of a value: its variable, or the expression that gave it.</summary>
    public string NameOf(RegisterOrigin origin, string otherwise)
    {
        if (origin.Step < 0)
        {
            return otherwise;
        }

        int slot = Log.Path[origin.Step].Slot;
        return Source.VariableOf(slot) is { Length: > 0 } name ? "`" + name + "`" : Quote(slot, otherwise);
    }

    /// <summary>The variable that holds a value, without quotes.</summary>
    public string VariableOf(RegisterOrigin origin, string otherwise) =>
        origin.Step >= 0 && Source.VariableOf(Log.Path[origin.Step].Slot) is { Length: > 0 } name ? name : otherwise;

    /// <summary>A sentence without its end: where a value came from.</summary>
    public string Story(RegisterOrigin origin, string otherwise)
    {
        if (origin.Step < 0)
        {
            return origin.Kind == OriginKind.Argument ? otherwise + " is the argument of the program" : "";
        }

        int slot = Log.Path[origin.Step].Slot;
        string name = Source.VariableOf(slot) is { Length: > 0 } variable ? "`" + variable + "`" : "";
        string place = AtStep(origin.Step);
        string quote = Quote(slot, "");
        string by = quote.Length == 0 || name == quote ? "" : " by " + StripVariable(quote, name);
        string subject = name.Length > 0 ? name : otherwise;
        return origin.Kind switch
        {
            OriginKind.Load => $"{subject} was read{place}{by}",
            OriginKind.Call => $"{subject} was returned{place}{by}",
            OriginKind.Computed => $"{subject} was computed{place}{by}",
            OriginKind.Constant => $"{subject} is the constant{place}{by}",
            OriginKind.Argument => $"{subject} is an argument of the function that is called{place}{by}",
            OriginKind.Frame => $"{subject} is the address of a local variable",
            OriginKind.Nothing when place.Length > 0 => $"a call{place} used up what {subject} was",
            _ => "",
        };
    }

    /// <summary>The record or reference that a register held and that a call took; null if none did.</summary>
    public (int Taken, int Given)? FindRelease(int register)
    {
        RegisterOrigin origin = OriginOf(register);
        if (origin.Kind != OriginKind.Call || origin.Step < 0 || _history.At(origin.Step) is not { IsCall: true, Source: (Register)(byte)CallKind.Helper, Immediate: RingReserve })
        {
            return null;
        }

        for (int i = Step - 1; i > origin.Step; i--)
        {
            if (_history.At(i) is { IsCall: true, Source: (Register)(byte)CallKind.Helper, Immediate: RingSubmit or RingDiscard } && _history.Trace(i, 1).Step == origin.Step)
            {
                return (origin.Step, i);
            }
        }

        return null;
    }

    /// <summary>The step at which the loop begins that the path goes around in at its end; -1 if it goes around in none.</summary>
    public int FindLoop()
    {
        for (int i = Step; i > 0; i--)
        {
            if (Log.Path[i].Frame == Log.Path[i - 1].Frame && Log.Path[i].Slot <= Log.Path[i - 1].Slot)
            {
                return i;
            }
        }

        return -1;
    }

    private static string StripVariable(string quote, string name)
    {
        // "`index = context->Length`" says the name again.
        string variable = name.Trim('`');
        return variable.Length > 0 && quote.StartsWith("`" + variable + " = ", StringComparison.Ordinal) ? "`" + quote[(variable.Length + 4)..] : quote;
    }
}

/// <summary>A number that was added to a pointer.</summary>
/// <param name="Origin">Where it came from.</param>
/// <param name="State">What is known of it where it was added; null if the log does not say.</param>
/// <param name="Step">The step that adds it.</param>
internal sealed record IndexOfPointer(RegisterOrigin Origin, RegisterState? State, int Step);
