using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Btf;
using Fathom.Format.Objects;

namespace Fathom.Compiler;

/// <summary>Where each global lies in its data section, and the sections as maps.</summary>
internal sealed class DataLayout
{
    // BPF_F_RDONLY_PROG: programs may only read it. BPF_F_MMAPABLE: user space maps it into memory.
    private const uint ReadOnlyForPrograms = 1u << 7;
    private const uint Mappable = 1u << 10;

    private readonly Dictionary<Global, int> _offsets = [];
    private readonly Module _module;

    public DataLayout(Module module)
    {
        _module = module;
        foreach (var section in new[] { DataSection.ReadOnly, DataSection.Data, DataSection.Zeroed })
        {
            int end = 0;
            foreach (var global in module.Globals.Where(g => g.Section == section))
            {
                end = (end + global.Alignment - 1) / global.Alignment * global.Alignment;
                _offsets.Add(global, end);
                end += global.Initial.Length;
            }
        }
    }

    public static string NameOf(DataSection section) => section switch
    {
        DataSection.ReadOnly => ".rodata",
        DataSection.Data => ".data",
        _ => ".bss",
    };

    public int OffsetOf(Global global) => _offsets[global];

    /// <summary>The sections that hold something, as maps; their types are added to the module's.</summary>
    public IEnumerable<MapDefinition> Maps()
    {
        foreach (var section in new[] { DataSection.ReadOnly, DataSection.Data, DataSection.Zeroed })
        {
            var globals = _module.Globals.Where(g => g.Section == section).ToList();
            if (globals.Count == 0)
            {
                continue;
            }

            int size = globals.Max(g => _offsets[g] + g.Initial.Length);
            byte[] content = new byte[size];
            var variables = new List<BtfSectionVariable>();
            foreach (var global in globals)
            {
                Array.Copy(global.Initial, 0, content, _offsets[global], global.Initial.Length);
                if (global.TypeId != 0)
                {
                    int variable = _module.Types.AddVariable(global.Name, global.TypeId, BtfLinkage.Global);
                    variables.Add(new BtfSectionVariable(variable, _offsets[global], global.Initial.Length));
                }
            }

            // The kernel wants a section's type only where it has variables.
            int typeId = variables.Count == 0 ? 0 : _module.Types.AddDataSection(NameOf(section), size, variables);
            yield return new MapDefinition
            {
                Name = NameOf(section),
                Type = MapType.Array,
                KeySize = 4,
                ValueSize = size,
                MaxEntries = 1,
                Flags = section == DataSection.ReadOnly ? ReadOnlyForPrograms : Mappable,
                ValueTypeId = typeId,
                InitialValue = content,
                IsReadOnlyData = section == DataSection.ReadOnly,
            };
        }
    }
}
