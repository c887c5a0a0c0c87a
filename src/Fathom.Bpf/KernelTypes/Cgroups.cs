namespace Fathom.Bpf.KernelTypes;

#pragma warning disable CS1591 // Fields have the names of the kernel's, where they are documented.

/// <summary>View of the cgroups of a task (<c>struct css_set</c>).</summary>
[KernelStruct("css_set")]
public unsafe struct CssSet
{
    public Cgroup* dfl_cgrp;
}

/// <summary>View of a cgroup (<c>struct cgroup</c>).</summary>
[KernelStruct("cgroup")]
public unsafe struct Cgroup
{
    public CgroupSubsysState self;
    public int level;
    public KernfsNode* kn;
}

/// <summary>View of a controller's part of a cgroup (<c>struct cgroup_subsys_state</c>).</summary>
[KernelStruct("cgroup_subsys_state")]
public unsafe struct CgroupSubsysState
{
    public Cgroup* cgroup;
    public int id;
    public CgroupSubsysState* parent;
}

/// <summary>View of a node of sysfs or cgroupfs (<c>struct kernfs_node</c>).</summary>
[KernelStruct("kernfs_node")]
public struct KernfsNode
{
    public ulong id;
}
