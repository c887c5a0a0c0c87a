using System;
using System.Collections.Generic;

namespace Fathom.Format.Elf.Images;

/// <summary>
/// The assembler's names of registers as fields of <c>struct pt_regs</c>:
/// https://github.com/torvalds/linux/blob/v6.18/arch/x86/include/asm/ptrace.h,
/// https://github.com/torvalds/linux/blob/v6.18/arch/arm64/include/uapi/asm/ptrace.h (struct user_pt_regs)
/// </summary>
internal static class UsdtRegisters
{
    private const int ArmStackPointer = 31 * 8;
    private const int ArmProgramCounter = 32 * 8;

    private static readonly string[] Fields =
    [
        "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss",
    ];

    private static readonly Dictionary<string, UsdtRegister> Known = MakeNames();

    /// <summary>A register of x86-64 or i386 in any width, without its percent sign.</summary>
    public static bool TryFind(string name, out UsdtRegister register) => Known.TryGetValue(name, out register);

    /// <summary>A general register of arm64.</summary>
    public static bool TryFindArm(string name, out UsdtRegister register)
    {
        register = name switch
        {
            "sp" or "wsp" => new UsdtRegister("sp", ArmStackPointer, 0),
            "pc" => new UsdtRegister("pc", ArmProgramCounter, 0),
            _ => default,
        };
        if (name.Length is 2 or 3
            && name[0] is 'x' or 'w'
            && name[1] is >= '0' and <= '9'
            && (name.Length == 2 || (name[1] != '0' && name[2] is >= '0' and <= '9')))
        {
            int number = name.Length == 2 ? name[1] - '0' : ((name[1] - '0') * 10) + name[2] - '0';
            register = number <= 30 ? new UsdtRegister($"regs[{number}]", number * 8, 0) : default;
        }

        return !register.IsNone;
    }

    private static Dictionary<string, UsdtRegister> MakeNames()
    {
        Dictionary<string, UsdtRegister> names = new(StringComparer.Ordinal);
        for (int i = 0; i < Fields.Length; i++)
        {
            string field = Fields[i];
            UsdtRegister register = new(field, i * 8, 0);
            if (field[0] == 'r')
            {
                Add(names, register, field, field + "d", field + "w", field + "b");
            }
            else if (field is "ax" or "bx" or "cx" or "dx")
            {
                Add(names, register, "r" + field, "e" + field, field, field[0] + "l");
                names.Add(field[0] + "h", register with { Shift = 8 });
            }
            else if (field is "si" or "di" or "bp" or "sp")
            {
                Add(names, register, "r" + field, "e" + field, field, field + "l");
            }
            else if (field == "ip")
            {
                Add(names, register, "rip", "eip");
            }
        }

        return names;
    }

    private static void Add(Dictionary<string, UsdtRegister> names, UsdtRegister register, params string[] spellings)
    {
        foreach (string spelling in spellings)
        {
            names.Add(spelling, register);
        }
    }
}
