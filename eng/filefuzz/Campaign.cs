using System;
using System.Diagnostics;
using System.Globalization;

namespace Fathom.FileFuzzing;

/// <summary>What a campaign has seen of one reader.</summary>
internal sealed class Totals
{
    public long Inputs { get; set; }

    public long Read { get; set; }

    public long Refused { get; set; }

    public long Findings { get; set; }

    public double SlowestMilliseconds { get; set; }

    public long MostBytes { get; set; }

    public string FirstFinding { get; set; } = "";
}

/// <summary>
/// Gives changed inputs to a reader: it must end in a value or in an exception that it documents, within the bounds of memory and time, and the same
/// way each time. An input is made of the reader and a number alone.
/// </summary>
internal sealed class Campaign(Reader reader)
{
    // For a file of at most 1 MB; smaller ones are held to less.
    private const long MostMemory = 64 << 20;
    private const double MostMilliseconds = 1_000;
    private const int BytesForByte = 256;
    private const int BytesForAny = 8 << 20;

    public Totals Totals { get; } = new();

    /// <summary>The input of a number.</summary>
    public byte[] InputOf(long number)
    {
        // Numbers that follow each other must not make inputs that do.
        Dice dice = new((ulong)number * 0x9e3779b97f4a7c15 ^ 0xfa7405);
        return reader.Mutate(dice, reader.Seeds[dice.Below(reader.Seeds.Count)]);
    }

    /// <summary>Tries inputs.</summary>
    public void Run(long first, long count)
    {
        for (long number = first; number < first + count; number++)
        {
            Try(number);
        }
    }

    private void Try(long number)
    {
        byte[] input = InputOf(number);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        long outcome = Read(input, out Exception? failure);
        double time = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        Totals.Inputs++;
        Totals.MostBytes = Math.Max(Totals.MostBytes, bytes);
        if (failure is not null && !reader.MayThrow(failure))
        {
            Found(number, failure.ToString());
            return;
        }

        _ = failure is null ? Totals.Read++ : Totals.Refused++;
        if (bytes > Math.Min(MostMemory, ((long)input.Length * BytesForByte) + BytesForAny))
        {
            Found(number, string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes of memory for {input.Length}"));
        }

        if (time > MostMilliseconds)
        {
            // It may have had to wait for the processor.
            started = Stopwatch.GetTimestamp();
            Read(input, out _);
            time = Math.Min(time, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (time > MostMilliseconds)
            {
                Found(number, string.Create(CultureInfo.InvariantCulture, $"{time:f0} ms for {input.Length} bytes"));
            }
        }

        Totals.SlowestMilliseconds = Math.Max(Totals.SlowestMilliseconds, time);
        if (number % 16 == 0 && (Read(input, out Exception? again) != outcome || again?.Message != failure?.Message))
        {
            Found(number, "another outcome the second time");
        }
    }

    private long Read(byte[] input, out Exception? failure)
    {
        failure = null;
        try
        {
            return reader.Read(input);
        }
#pragma warning disable CA1031 // Whatever it throws is the finding.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
            return -1;
        }
    }

    private void Found(long number, string what)
    {
        Totals.Findings++;
        Totals.FirstFinding = Totals.FirstFinding.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"{reader.Name} {number}: {what}") : Totals.FirstFinding;
    }
}
