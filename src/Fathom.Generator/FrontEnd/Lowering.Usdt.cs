using System.Collections.Generic;
using Fathom.Compiler.IR;
using Fathom.Format.Btf;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Microsoft.CodeAnalysis;
using Conversion = Fathom.Compiler.IR.Conversion;

namespace Fathom.Generator.FrontEnd;

/// <content>
/// Arguments of USDT probes. Each place of a probe has them somewhere else, so a program looks up where (Fathom.Bpf.UsdtSpec), and a subprogram
/// finds one argument.
/// </content>
internal sealed partial class Lowering
{
    private const int MapLookup = 1, GetAttachCookie = 174;
    private const int SpecSize = 16;

    // UsdtArgumentSpec.
    private const int ValueAt = 0, RegisterAt = 8, IndexAt = 10, KindAt = 12, ScaleAt = 13, SizeAt = 14, IsSignedAt = 15;
    private const int InRegister = 2, InIndexedMemory = 4;

    private Value? _usdtSpec;

    /// <summary>The map that says where the arguments are.</summary>
    public static MapDefinition UsdtMap(UnitContext unit, INamedTypeSymbol spec, Location where) => new()
    {
        Name = UsdtMapName,
        Type = MapType.Hash,
        KeySize = 8,
        ValueSize = unit.Layouts.SizeOf(spec, where),
        MaxEntries = 256,
        KeyTypeId = unit.Types.Of(unit.Compilation.GetSpecialType(SpecialType.System_UInt64), where),
        ValueTypeId = unit.Types.Of(spec, where),
    };

    /// <summary>UsdtSpec.MapName.</summary>
    public const string UsdtMapName = "__usdt_specs";

    private Value UsdtArgument(IParameterSymbol parameter)
    {
        Value spec = _usdtSpec ??= FindUsdtSpec();
        int offset = parameter.Ordinal * SpecSize;
        return _b.Call(UsdtReader(parameter.Place()), [_b.Parameter(0), offset == 0 ? spec : _b.Offset(spec, offset)]);
    }

    private Value FindUsdtSpec()
    {
        Value key = _b.SlotAddress(_b.NewSlot(8, 8, "cookie"));
        _b.Store(key, 0, MemorySize.Double, _b.Call(GetAttachCookie, s_i64, [_b.Parameter(0)]));
        Value spec = _b.Call(MapLookup, IrType.PointerTo(PointerSpace.MapValue), [_b.MapAddress(UsdtMapName), key]);
        Block found = _b.NewBlock("found");
        _b.Branch(Comparison.Equal, spec, _b.Constant(_b.TypeOf(spec), 0), Fault(), found);
        _b.SetBlock(found);
        return spec;
    }

    /// <summary>The subprogram that finds an argument: of the context and the argument's spec it makes 64 bits.</summary>
    private Function UsdtReader(Location where)
    {
        if (_unit.Subprograms.TryGetValue(UsdtMapName, out Function? known))
        {
            return known;
        }

        string name = "usdt_argument";
        for (int i = 2; !_unit.FunctionNames.Add(name); i++)
        {
            name = "usdt_argument_" + i;
        }

        IEnumerable<(string, int)> parameters = [("ctx", _unit.Types.PointerToLong()), ("spec", _unit.Types.PointerToLong())];
        int type = _unit.Types.AddFunction(name, _unit.Compilation.GetSpecialType(SpecialType.System_Int64), parameters, BtfLinkage.Static, where);
        Function function = _unit.Module.AddFunction(name, ".text", [IrType.PointerTo(PointerSpace.Context), IrType.PointerTo(PointerSpace.MapValue)], s_i64, type);
        _unit.Subprograms[UsdtMapName] = function;
        _unit.FunctionPlaces[name] = where;
        WriteUsdtReader(new FunctionBuilder(function) { Position = _b.Position });
        return function;
    }

    private static void WriteUsdtReader(FunctionBuilder b)
    {
        Value spec = b.Parameter(1);
        Block register = b.NewBlock("register"), memory = b.NewBlock("memory"), indexed = b.NewBlock("indexed"), read = b.NewBlock("read"),
            extend = b.NewBlock("extend"), signed = b.NewBlock("signed"), unsigned = b.NewBlock("unsigned");
        Value kind = b.Load(s_i32, spec, KindAt, MemorySize.Byte);
        Value result = b.NewValue(s_i64, "result"), address = b.NewValue(s_i64, "address");

        // Larger than a register, as the verifier sees no more of the size than that it has 4 bits.
        Value word = b.SlotAddress(b.NewSlot(SpecSize, 8, "word"));
        Value Small(int offset, int mask) =>
            b.Binary(BinaryOperation.And, b.Load(s_i32, spec, offset, MemorySize.Byte), b.Constant(s_i32, mask));
        Value ReadRegister(int offset)
        {
            Value at = b.Convert(Conversion.ZeroExtend, b.Load(s_i32, spec, offset, MemorySize.Half));
            Value place = b.Binary(BinaryOperation.Add, b.Reinterpret(b.Parameter(0), s_i64), at);
            _ = b.Call(ProbeReadKernel, s_i64, [word, b.Constant(s_i32, 8), place]);
            return b.Load(s_i64, word, 0, MemorySize.Double);
        }

        b.Zero(word, 0, SpecSize, 8);
        Value value = b.Load(s_i64, spec, ValueAt, MemorySize.Double);
        b.Assign(result, value);
        b.Branch(Comparison.LessUnsigned, kind, b.Constant(s_i32, InRegister), extend, register);

        b.SetBlock(register);
        b.Assign(result, ReadRegister(RegisterAt));
        b.Branch(Comparison.Equal, kind, b.Constant(s_i32, InRegister), extend, memory);

        b.SetBlock(memory);
        b.Assign(address, b.Binary(BinaryOperation.Add, result, value));
        b.Branch(Comparison.Equal, kind, b.Constant(s_i32, InIndexedMemory), indexed, read);

        b.SetBlock(indexed);
        Value scale = b.Convert(Conversion.ZeroExtend, Small(ScaleAt, 3));
        b.Assign(address, b.Binary(BinaryOperation.Add, address, b.Binary(BinaryOperation.ShiftLeft, ReadRegister(IndexAt), scale)));
        b.Jump(read);

        b.SetBlock(read);
        b.Zero(word, 0, SpecSize, 8);
        _ = b.Call(ProbeReadUser, s_i64, [word, b.Convert(Conversion.ZeroExtend, Small(SizeAt, 15)), address]);
        b.Assign(result, b.Load(s_i64, word, 0, MemorySize.Double));
        b.Jump(extend);

        b.SetBlock(extend);
        Value bits = b.Binary(BinaryOperation.ShiftLeft, Small(SizeAt, 15), b.Constant(s_i32, 3));
        Value above = b.Convert(Conversion.ZeroExtend, b.Binary(BinaryOperation.And, b.Binary(BinaryOperation.Subtract, b.Constant(s_i32, 64), bits), b.Constant(s_i32, 63)));
        Value high = b.Binary(BinaryOperation.ShiftLeft, result, above);
        b.Branch(Comparison.NotEqual, b.Load(s_i32, spec, IsSignedAt, MemorySize.Byte), b.Constant(s_i32, 0), signed, unsigned);
        b.SetBlock(signed);
        b.Return(b.Binary(BinaryOperation.ShiftRightArithmetic, high, above));
        b.SetBlock(unsigned);
        b.Return(b.Binary(BinaryOperation.ShiftRight, high, above));
    }
}
