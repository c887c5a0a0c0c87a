# fathom doctor says of each tool what the tool then does, whoever asks, and knows the features that these kernels are known to have.
# programs: setpriv
. "$TESTS/functions"
. "$TESTS/doctor.functions"
setpriv=/usr/bin/setpriv
series=$(uname -r | cut -d. -f1,2)
nobody="$setpriv --reuid 65534 --clear-groups"

agrees root '' env
if [ -x $setpriv ]; then
    agrees nobody missing-capability $nobody
    agrees 'CAP_BPF alone' missing-capability $nobody --inh-caps +bpf --ambient-caps +bpf
    # Before Linux 5.11 maps and programs count against a limit that nobody may raise.
    limit=''
    [ "$series" != 5.10 ] || limit=locked-memory
    agrees 'CAP_BPF and CAP_PERFMON' "$limit" $nobody --inh-caps +bpf,+perfmon --ambient-caps +bpf,+perfmon
    agrees 'root without capabilities' missing-capability $setpriv --bounding-set -all
else
    for name in nobody 'CAP_BPF alone' 'CAP_BPF and CAP_PERFMON' 'root without capabilities'; do skip "doctor $name" "the machine has no setpriv"; done
fi
agrees 'a user namespace' user-namespace unshare -U -r
agrees 'types that are hidden' missing-btf unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh
agrees 'tracefs that is hidden' '' unshare -m sh -c 'mount -t tmpfs none /sys/kernel/tracing && mount -t tmpfs none /sys/kernel/debug && exec "$@"' sh
equal 'doctor sees tracefs hidden' hidden "$(sed -n 's/.*"name":"tracefs","value":"\([^"]*\)".*/\1/p' verdicts)"

fathom doctor --json >verdicts
# On these kernels functions are counted in one way or another, and the entry of a file's program is one.
equal 'doctor knows how funccount counts' 'true true true true' "$(grep '"name":"funccount"' verdicts | grep -o '"runs":[a-z]*,"sources"' | cut -d: -f2 | cut -d, -f1 | tr '\n' ' ' | sed 's/ $//')"
for name in 'kernel BTF' 'ring buffer' tp_btf 'perf tracepoint' fentry 'kprobe by perf' 'kprobe by tracefs' 'uprobe by perf' 'iterator over tasks' \
    'cgroup programs by link' 'XDP link' BPF_ENABLE_STATS; do
    feature "$name" yes
done
case $series in
    5.10)
        for name in 'task storage' 'perf link' kprobe_multi uprobe_multi tcx 'kprobe session' 'sleepable uprobe' 'mmap of kernel BTF'; do feature "$name" no too-old; done
        ;;
    6.1)
        for name in 'task storage' 'perf link' 'sleepable uprobe' 'cookies of kprobes, uprobes, perf tracepoints'; do feature "$name" yes; done
        # This kernel is new enough for it, but built without CONFIG_FPROBE.
        feature kprobe_multi no missing-config
        for name in uprobe_multi tcx 'kprobe session' 'cookies of raw tracepoints and tp_btf' 'mmap of kernel BTF'; do feature "$name" no too-old; done
        ;;
    *)
        for name in 'task storage' 'perf link' 'sleepable uprobe' kprobe_multi uprobe_multi tcx 'kprobe session' 'cookies of raw tracepoints and tp_btf'; do
            feature "$name" yes
        done
        if [ "$series" = 6.12 ]; then feature 'mmap of kernel BTF' no too-old; else feature 'mmap of kernel BTF' yes; fi
        ;;
esac
equal 'doctor leaves no kprobe' '' "$(cat /sys/kernel/tracing/kprobe_events)"
