namespace Fathom.Bpf.KernelTypes;

#pragma warning disable CS1591 // Fields have the names of the kernel's, where they are documented.

/// <summary>View of an open file (<c>struct file</c>).</summary>
[KernelStruct("file")]
public unsafe struct KernelFile
{
    public KernelPath f_path;
    public Inode* f_inode;
    public uint f_flags;
}

/// <summary>View of what a file is, apart from its name (<c>struct inode</c>).</summary>
[KernelStruct("inode")]
public struct Inode
{
    public ushort i_mode;
    public ulong i_ino;
}

/// <summary>View of a place in the tree of files (<c>struct path</c>).</summary>
[KernelStruct("path")]
public unsafe struct KernelPath
{
    public VfsMount* mnt;
    public Dentry* dentry;
}

/// <summary>View of a name in a directory (<c>struct dentry</c>).</summary>
[KernelStruct("dentry")]
public unsafe struct Dentry
{
    public Dentry* d_parent;
    public QuickString d_name;
}

/// <summary>View of a name (<c>struct qstr</c>).</summary>
[KernelStruct("qstr")]
public unsafe struct QuickString
{
    public byte* name;
}

/// <summary>View of the part of a mount that file systems see (<c>struct vfsmount</c>).</summary>
[KernelStruct("vfsmount")]
public unsafe struct VfsMount
{
    public Dentry* mnt_root;
}

/// <summary>View of a mount (<c>struct mount</c>).</summary>
[KernelStruct("mount")]
public unsafe struct Mount
{
    public Mount* mnt_parent;
    public Dentry* mnt_mountpoint;
    public VfsMount mnt;
}

/// <summary>View of a task's place in the tree of files (<c>struct fs_struct</c>).</summary>
[KernelStruct("fs_struct")]
public struct FsStruct
{
    public KernelPath root;
    public KernelPath pwd;
}

/// <summary>View of a task's open files (<c>struct files_struct</c>).</summary>
[KernelStruct("files_struct")]
public unsafe struct FilesStruct
{
    public FdTable* fdt;
}

/// <summary>View of a table of descriptors (<c>struct fdtable</c>).</summary>
[KernelStruct("fdtable")]
public unsafe struct FdTable
{
    public uint max_fds;
    public KernelFile** fd;
}
