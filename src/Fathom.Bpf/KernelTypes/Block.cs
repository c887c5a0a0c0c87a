namespace Fathom.Bpf.KernelTypes;

#pragma warning disable CS1591 // Fields have the names of the kernel's, where they are documented.

/// <summary>View of a block request (<c>struct request</c>).</summary>
[KernelStruct("request")]
public unsafe struct Request
{
    public RequestQueue* q;
    public uint cmd_flags;
    public uint rq_flags;
    public uint __data_len;
    public ulong __sector;
    public Bio* bio;
    public Bio* biotail;
    public BlockDevice* part;
    public ulong start_time_ns;
    public ulong io_start_time_ns;
    public ushort stats_sectors;
}

/// <summary>View of a block request before Linux 5.17, which names its disk itself.</summary>
[KernelStruct("request___rq_disk")]
public unsafe struct RequestOld
{
    public GenDisk* rq_disk;
}

/// <summary>View of a request queue (<c>struct request_queue</c>).</summary>
[KernelStruct("request_queue")]
public unsafe struct RequestQueue
{
    public GenDisk* disk;
    public int id;
}

/// <summary>View of a disk (<c>struct gendisk</c>).</summary>
[KernelStruct("gendisk")]
public unsafe struct GenDisk
{
    public int major;
    public int first_minor;
    public fixed byte disk_name[32];
    public BlockDevice* part0;
    public RequestQueue* queue;
}

/// <summary>View of a disk or partition (<c>struct block_device</c>).</summary>
[KernelStruct("block_device")]
public unsafe struct BlockDevice
{
    public uint bd_dev;
    public GenDisk* bd_disk;
}

/// <summary>View of a block I/O (<c>struct bio</c>).</summary>
[KernelStruct("bio")]
public unsafe struct Bio
{
    /// <summary>The next one of its request.</summary>
    public Bio* bi_next;
    public BlockDevice* bi_bdev;
    public uint bi_opf;
    public BvecIter bi_iter;
    public BlkcgGq* bi_blkg;
}

/// <summary>View of a block I/O before Linux 5.12, which names its disk itself.</summary>
[KernelStruct("bio___bi_disk")]
public unsafe struct BioOld
{
    public GenDisk* bi_disk;
}

/// <summary>View of the position in a block I/O (<c>struct bvec_iter</c>).</summary>
[KernelStruct("bvec_iter")]
public struct BvecIter
{
    public ulong bi_sector;
    public uint bi_size;
}

/// <summary>View of a cgroup's part of a request queue (<c>struct blkcg_gq</c>).</summary>
[KernelStruct("blkcg_gq")]
public unsafe struct BlkcgGq
{
    public Blkcg* blkcg;
}

/// <summary>View of the block controller's part of a cgroup (<c>struct blkcg</c>).</summary>
[KernelStruct("blkcg")]
public struct Blkcg
{
    public CgroupSubsysState css;
}
