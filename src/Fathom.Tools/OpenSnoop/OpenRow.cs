using System;
using Fathom.Output.Rows;

namespace Fathom.Tools.OpenSnoop;

/// <summary>An open, as it is shown.</summary>
/// <param name="record">The record.</param>
/// <param name="path">The path, as far as it is known.</param>
internal readonly ref struct OpenRow(ref readonly OpenRecord record, TextValue path)
{
    private readonly ref readonly OpenRecord _record = ref record;

    /// <summary>The record.</summary>
    public ref readonly OpenRecord Record => ref _record;

    /// <summary>The path.</summary>
    public TextValue Path { get; } = path;

    /// <summary>Whether the path is longer than a path may be, and only its beginning is known.</summary>
    public bool IsCut => (_record.Marks & OpenMarks.Cut) != 0;

    /// <summary>The thread's name.</summary>
    public TextValue Command => TextValue.UpToNul(_record.Command);

    /// <summary>The error, 0 for none.</summary>
    public int Error => _record.Result < 0 ? -_record.Result : 0;

    /// <summary>The descriptor, -1 if there is none, or if a request of io_uring does not say.</summary>
    public int Descriptor => (_record.Marks & OpenMarks.Direct) != 0 || _record.Kind == OpenRecordKind.Silent ? -1 : Math.Max(_record.Result, -1);
}
