namespace Fathom.Runtime.Interop;

/// <summary>Commands of <c>bpf(2)</c>, with the kernel's numbers (<c>enum bpf_cmd</c>).</summary>
internal enum BpfCommand
{
    /// <summary><c>BPF_MAP_CREATE</c>.</summary>
    MapCreate = 0,
    /// <summary><c>BPF_MAP_LOOKUP_ELEM</c>.</summary>
    MapLookup = 1,
    /// <summary><c>BPF_MAP_UPDATE_ELEM</c>.</summary>
    MapUpdate = 2,
    /// <summary><c>BPF_MAP_DELETE_ELEM</c>.</summary>
    MapDelete = 3,
    /// <summary><c>BPF_MAP_GET_NEXT_KEY</c>.</summary>
    MapNextKey = 4,
    /// <summary><c>BPF_PROG_LOAD</c>.</summary>
    ProgramLoad = 5,
    /// <summary><c>BPF_PROG_TEST_RUN</c>.</summary>
    ProgramTestRun = 10,
    /// <summary><c>BPF_PROG_GET_NEXT_ID</c>.</summary>
    ProgramNextId = 11,
    /// <summary><c>BPF_OBJ_GET_INFO_BY_FD</c>.</summary>
    GetInfo = 15,
    /// <summary><c>BPF_RAW_TRACEPOINT_OPEN</c>.</summary>
    RawTracepointOpen = 17,
    /// <summary><c>BPF_BTF_LOAD</c>.</summary>
    BtfLoad = 18,
    /// <summary><c>BPF_MAP_LOOKUP_AND_DELETE_ELEM</c>.</summary>
    MapLookupAndDelete = 21,
    /// <summary><c>BPF_MAP_FREEZE</c>.</summary>
    MapFreeze = 22,
    /// <summary><c>BPF_MAP_LOOKUP_BATCH</c>.</summary>
    MapLookupBatch = 24,
    /// <summary><c>BPF_MAP_LOOKUP_AND_DELETE_BATCH</c>.</summary>
    MapLookupAndDeleteBatch = 25,
    /// <summary><c>BPF_LINK_CREATE</c>.</summary>
    LinkCreate = 28,
    /// <summary><c>BPF_LINK_GET_NEXT_ID</c>.</summary>
    LinkNextId = 31,
    /// <summary><c>BPF_ENABLE_STATS</c>.</summary>
    EnableStatistics = 32,
    /// <summary><c>BPF_ITER_CREATE</c>.</summary>
    IteratorCreate = 33,
}
