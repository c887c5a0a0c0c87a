using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Objects;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Kernel helpers, maps, and questions to the kernel's types.</content>
internal sealed partial class Lowering
{
    private const int TailCall = 12, PerfEventOutput = 25, GetStackId = 27, Output = 130, Reserve = 131, Submit = 132, Discard = 133, Loop = 181;

    // These have no effect and the same result for the whole run of a program.
    private static readonly HashSet<int> s_pure = [14, 15, 35, 80, 158];

    private Value? CallHelper(IInvocationOperation call, AttributeData helper)
    {
        int number = helper.First<int>();
        IMethodSymbol method = call.TargetMethod;
        int allowed = helper.Named("ProgramTypes", -1);
        if ((allowed & _kind.Flag) == 0)
        {
            throw new LoweringException(Descriptors.HelperNotAvailable, Where(call), method.ContainingType.Name + "." + method.Name, _kind.Name,
                string.Join(", ", ProgramKind.FlagNames.Where((_, i) => (allowed & (1 << i)) != 0)));
        }

        var groups = new List<Value>[method.Parameters.Length];
        foreach (IArgumentOperation argument in call.Arguments)
        {
            groups[argument.Parameter!.Ordinal] = HelperArgument(argument);
        }

        List<Value> values = [.. groups.SelectMany(g => g)];
        if (call.Instance is not null && number is not (Submit or Discard))
        {
            // A few helpers take the context first.
            values.Insert(number is TailCall or PerfEventOutput or GetStackId ? 1 : 0, _b.MapAddress(BtfTypes.Identifier(MapOf(call.Instance).Name)));
        }

        if (number == Reserve)
        {
            ITypeSymbol record = Resolve(method.TypeArguments[0]);
            values.Add(_b.Constant(s_i64, RecordSize(record, Where(call))));
            values.Add(_b.Constant(s_i64, 0));
        }

        At(call);
        return EmitHelper(number, method, values, helper, Where(call));
    }

    private Value? EmitHelper(int number, IMethodSymbol method, List<Value> values, AttributeData helper, Location where)
    {
        if (values.Count > 5)
        {
            throw new LoweringException(Descriptors.NotSupported, where, "A helper takes at most five arguments");
        }

        IrType type = s_i64;
        ITypeSymbol resultType = Resolve(method.ReturnType);
        if (resultType is IPointerTypeSymbol)
        {
            type = IrType.PointerTo(helper.Named("Result", 0) switch
            {
                1 => PointerSpace.Trusted,
                2 => PointerSpace.MapValue,
                3 => PointerSpace.RingRecord,
                _ => PointerSpace.Kernel,
            });
        }
        else if (resultType.SpecialType != SpecialType.System_Void && Layouts.ScalarSize(resultType) < 8)
        {
            type = s_i32;
        }

        Value result = _b.Call(number, type, values, s_pure.Contains(number));
        return method.ReturnsVoid ? null : result;
    }

    /// <summary>One C# argument as one or two arguments of the helper.</summary>
    private List<Value> HelperArgument(IArgumentOperation argument)
    {
        IParameterSymbol parameter = argument.Parameter!;
        ITypeSymbol type = Resolve(parameter.Type);
        Location where = Where(argument.Value);
        if (type.IsSpan())
        {
            SpanValue span = Span(argument.Value);
            if (parameter.Has("AddressOnly"))
            {
                return [span.Pointer];
            }

            int size = _unit.Layouts.SizeOf(span.Element, where);
            Value bytes = span.ConstantLength is { } known ? _b.Constant(s_i64, (long)known * size) : Times(_b.Convert(Conversion.ZeroExtend, span.Length), size);
            return [span.Pointer, bytes];
        }

        if (parameter.RefKind != RefKind.None)
        {
            Layouts.RequireSettled(type, where);
            Value address = ArgumentAddress(argument.Value, parameter.RefKind == RefKind.In, where);
            return parameter.Has("FollowedBySize") ? [address, _b.Constant(s_i64, RecordSize(type, where))] : [address];
        }

        if (type is IFunctionPointerTypeSymbol)
        {
            return [LoopBody(argument.Value)];
        }

        Value value = IsNull(argument.Value) ? _b.Constant(s_i64, 0) : Scalar(argument.Value);
        if (parameter.Name == "context" && _b.TypeOf(value) is { IsPointer: true, Space: not (PointerSpace.Context or PointerSpace.Unknown) })
        {
            throw Unsupported(argument.Value, "This is not the program's context, which 'context' must be: write Helpers.Context()");
        }

        if (parameter.Has("Trusted") && _b.TypeOf(value).Space is PointerSpace.Kernel or PointerSpace.User)
        {
            throw Unsupported(argument.Value, (_kind.Arguments is ArgumentSource.Registers or ArgumentSource.ResultRegister
                ? "On a kprobe the verifier does not know what an argument points to, which it must for '" + parameter.Name + "': make the method [Fentry] or [Fexit], or "
                : "The verifier does not know what this points to, which it must for '" + parameter.Name + "': ")
                + "give an argument of a typed tracepoint or of a function's entry, what is read through one, or Helpers.GetCurrentTaskBtf()");
        }

        return [value];
    }

    /// <summary>The address of an argument that the kernel reads or writes: what is not in the program's own memory is copied there.</summary>
    private Value ArgumentAddress(IOperation value, bool isRead, Location where)
    {
        Place place = LocateOrEvaluate(value);
        if (isRead && place is RegisterPlace)
        {
            return AddressOfCopy(place, where);
        }

        if (place is MemoryPlace memory && (memory.Core is not null || _b.TypeOf(memory.Pointer).Space is PointerSpace.Trusted or PointerSpace.Kernel or PointerSpace.User or PointerSpace.Context))
        {
            MemoryPlace copy = NewMemory(memory.Type, "copy", where);
            Move(copy, memory, where);
            return copy.Pointer;
        }

        return Address(place, where);
    }

    /// <summary>The size of something that goes to user space; it must not carry stack bytes along.</summary>
    private int RecordSize(ITypeSymbol type, Location where)
    {
        Layout layout = _unit.Layouts.Of(type, where);
        Layouts.RequireSettled(type, where);
        if (layout.Padding > 0)
        {
            throw new LoweringException(Descriptors.Padding, where, type.Name, layout.Padding, layout.PaddingPlace);
        }

        return layout.Size;
    }

    /// <summary>The map that an expression names.</summary>
    private IFieldSymbol MapOf(IOperation operation)
    {
        operation = SkipParentheses(operation);
        switch (operation)
        {
            case IFieldReferenceOperation { Field: { IsStatic: true } field }:
                return _unit.Shape.Maps.Any(m => SymbolEqualityComparer.Default.Equals(m.Field, field)) ? field
                    : throw new LoweringException(Descriptors.MapUse, Where(operation), "'" + field.Name + "' is no map of '" + _unit.Shape.Type.Name + "': a program uses the maps of its own object, marked [Map]");
            case IParameterReferenceOperation parameter when _scope.Find(parameter.Parameter) is MapPlace map:
                return map.Field;
            default:
                throw new LoweringException(Descriptors.MapUse, Where(operation), "The map must be known at compile time: name the field");
        }
    }

    private Value LoopBody(IOperation operation)
    {
        while (operation is IConversionOperation conversion)
        {
            operation = conversion.Operand;
        }

        if (operation is not IAddressOfOperation { Reference: IMethodReferenceOperation { Method: var method } })
        {
            throw new LoweringException(Descriptors.IndirectCall, Where(operation), "the body of a loop is written as '&Method'");
        }

        if (method.Parameters.Length != 2)
        {
            throw Unsupported(operation, "The body of a loop takes an index and a pointer to the state");
        }

        return _b.FunctionAddress(Subprogram(method, [PointerSpace.None, PointerSpace.Unknown], Where(operation)));
    }

    /// <summary>A question to the kernel's types, answered at load.</summary>
    private Value CoreQuery(IInvocationOperation call)
    {
        IMethodSymbol method = call.TargetMethod;
        Location where = Where(call);
        switch (method.Name)
        {
            case "TypeExists" or "SizeOf":
                ITypeSymbol type = Resolve(method.TypeArguments[0]);
                if (type.KernelName() is null)
                {
                    throw new LoweringException(Descriptors.CoreQuery, where, "'" + type.Name + "' is no view of a kernel struct: mark it [KernelStruct(\"...\")]");
                }

                return _b.CoreValue(s_i32, new CoreAccess(_unit.Types.Of(type, where), "0",
                    method.Name == "SizeOf" ? CoreRelocationKind.TypeSize : CoreRelocationKind.TypeExists, method.Name == "SizeOf" ? _unit.Layouts.SizeOf(type, where) : 1));
            case "EnumValue" or "EnumValueExists":
                return EnumQuery(call, method);
            default:
                CorePath path = QueriedPath(call.Arguments[0].Value, out ITypeSymbol fieldType, out int size);
                (CoreRelocationKind kind, long local) = method.Name switch
                {
                    "FieldExists" => (CoreRelocationKind.FieldExists, 1L),
                    "FieldSize" => (CoreRelocationKind.FieldByteSize, size),
                    _ => (CoreRelocationKind.FieldByteOffset, path.LocalOffset),
                };
                return _b.CoreValue(s_i32, new CoreAccess(path.TypeId, path.Access, kind, local));
        }
    }

    private Value EnumQuery(IInvocationOperation call, IMethodSymbol method)
    {
        IOperation argument = SkipParentheses(call.Arguments[0].Value);
        if (argument is not IFieldReferenceOperation { Field: { HasConstantValue: true } field } || !field.ContainingType.Has("KernelEnum"))
        {
            throw new LoweringException(Descriptors.CoreQuery, Where(argument), "Name an enumerator of an enum that is marked [KernelEnum(\"...\")]");
        }

        int index = 0;
        foreach (IFieldSymbol candidate in BtfTypes.Enumerators(field.ContainingType))
        {
            if (SymbolEqualityComparer.Default.Equals(candidate, field))
            {
                break;
            }

            index++;
        }

        bool isValue = method.Name == "EnumValue";
        return _b.CoreValue(isValue ? s_i64 : s_i32, new CoreAccess(_unit.Types.Of(field.ContainingType, Where(call)), index.ToString(System.Globalization.CultureInfo.InvariantCulture),
            isValue ? CoreRelocationKind.EnumValue : CoreRelocationKind.EnumValueExists, isValue ? unchecked((long)ConstantBytes.Bits(field.ConstantValue!)) : 1));
    }

    /// <summary>The path that an expression names, from the last pointer on; the pointer itself is not evaluated.</summary>
    private CorePath QueriedPath(IOperation operation, out ITypeSymbol type, out int size)
    {
        while (operation is IConversionOperation { OperatorMethod: null } conversion)
        {
            operation = conversion.Operand;
        }

        var fields = new Stack<IFieldSymbol>();
        while (operation is IFieldReferenceOperation { Instance: { } instance } reference)
        {
            fields.Push(reference.Field);
            operation = SkipParentheses(instance);
        }

        ITypeSymbol? root = operation.Type is null ? null : Resolve(operation.Type);
        if (fields.Count == 0 || root?.KernelName() is null)
        {
            throw new LoweringException(Descriptors.CoreQuery, Where(operation), "Name a field of a kernel struct here, as in Core.FieldExists(task->comm)");
        }

        string access = "0";
        int offset = 0;
        type = root;
        size = 0;
        while (fields.Count > 0)
        {
            IFieldSymbol field = fields.Pop();
            access += ":" + IndexOf(type, field);
            offset += _unit.Layouts.Of(type, Where(operation)).Offsets[field];
            size = _unit.Layouts.OfField(field, Where(operation)).Size;
            type = field.Type;
        }

        return new CorePath(_unit.Types.Of(root, Where(operation)), access, offset);
    }
}
