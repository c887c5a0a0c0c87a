using System.Collections.Generic;
using Fathom.Compiler.IR;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>
/// Addresses in the traced process. They come as numbers, which say nothing of themselves: known are those of fields and parameters that are
/// marked <c>[UserPointer]</c>, and whatever is made a pointer at a system call or in a program on user functions.
/// </content>
internal sealed partial class Lowering
{
    private readonly HashSet<Value> _userPointers = [];

    /// <summary>A number, or another pointer, as a pointer.</summary>
    private Value ToPointer(Value value, ITypeSymbol from, IPointerTypeSymbol to, IConversionOperation conversion)
    {
        bool isView = to.PointedAtType.KernelName() is not null;
        if (from is IPointerTypeSymbol)
        {
            PointerSpace space = _b.TypeOf(value).Space;
            if (space == PointerSpace.Context && _kind.FindContextProblem(to.PointedAtType) is { } problem)
            {
                throw Unsupported(conversion, problem);
            }

            return space == PointerSpace.User && isView && _kind.IsAtSyscall ? _b.Reinterpret(value, IrType.PointerTo(PointerSpace.Kernel)) : value;
        }

        bool isUser = _userPointers.Contains(value)
            || (!isView && (_kind.IsAtSyscall || _kind.Pointers == PointerSpace.User) && !(conversion.Operand is IConversionOperation { Operand.Type: IPointerTypeSymbol }));
        Value pointer = ConvertValue(value, from, to);
        return isUser ? _b.Reinterpret(pointer, IrType.PointerTo(PointerSpace.User)) : pointer;
    }

    /// <summary>Remembers a number that was read where addresses in the process are.</summary>
    private void NoteUserPointer(MemoryPlace memory, Value value)
    {
        if (memory.HoldsUserPointer && !_b.TypeOf(value).IsPointer)
        {
            _ = _userPointers.Add(value);
        }
    }

    /// <summary>An address that is moved is an address still.</summary>
    private void MoveUserPointer(BinaryOperatorKind kind, Value left, Value right, Value result)
    {
        if (_userPointers.Count > 0 && (kind == BinaryOperatorKind.Add ? _userPointers.Contains(left) != _userPointers.Contains(right)
            : kind == BinaryOperatorKind.Subtract && _userPointers.Contains(left) && !_userPointers.Contains(right)))
        {
            _ = _userPointers.Add(result);
        }
    }

    /// <summary>Programs on user functions read the process as they read their own memory; in others it is a helper's work, which can fail.</summary>
    private void RefuseUserRead(bool isUser, Location where)
    {
        if (isUser && _kind.Pointers != PointerSpace.User)
        {
            throw new LoweringException(Descriptors.UserMemory, where);
        }
    }
}
