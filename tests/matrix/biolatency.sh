# fathom biolatency counts a known number of direct reads exactly, in every mode, on a disk that nothing else reads.
# modules: mq-deadline
. "$TESTS/functions"
reads=97
disk=$(basename "$(readlink /dev/scratch)")
# Two requests that were merged would be one.
echo 2 >"/sys/block/$disk/queue/nomerges"
group=/sys/fs/cgroup/readers
mkdir "$group"
mkfifo gate

# count NAME SCHEDULER EXPECTED OPTION...: reads while the tool traces, and compares the sum of what it counts. PID stands for the reader's.
count() {
    name="biolatency $1" scheduler=$2 expected=$3
    shift 3
    if ! grep -qw "$scheduler" "/sys/block/$disk/queue/scheduler"; then
        skip "$name" "/sys/block/$disk/queue/scheduler has no $scheduler"
        return
    fi
    echo "$scheduler" >"/sys/block/$disk/queue/scheduler"
    # The reader exists before it is traced, and becomes dd once it is.
    sh -c "echo \$\$ >$group/cgroup.procs; read go <gate; exec dd if=/dev/scratch of=/dev/null bs=4096 count=$reads iflag=direct 2>dd.err" &
    reader=$!
    for option; do
        shift
        [ "$option" != PID ] || option=$reader
        set -- "$@" "$option"
    done
    if trace Tracing fathom biolatency "$@"; then
        echo go >gate
        wait $reader
        # That of one process has ended with it.
        kill -INT $tool 2>/dev/null
    else
        kill $reader $tool
    fi
    wait $tool
    status=$?
    counted=$(awk '/^count / {sum += $2} END {print sum + 0}' out)
    if [ $status -eq 0 ] && [ "$counted" = "$expected" ] && ! grep -v -e "^fathom: process $reader has ended$" -e '^cost: ' err; then
        ok "$name"
    else
        not_ok "$name" "$counted requests in place of $expected, status $status: $(tr '\n' ' ' <err)"
    fi
}

count all none $reads
count queued none $reads -Q
count 'queued by a scheduler' mq-deadline $reads -Q
count 'by disk and flags' none $reads -DF
count 'one disk' none $reads -d "$disk"
count 'one process' none $reads -p PID
count 'one command' none $reads --comm dd
count 'one cgroup' none $reads -c "$group"
count 'one disk, queued by a scheduler' mq-deadline $reads -Q -d "$disk"
count 'one process of a disk, queued, by disk' mq-deadline $reads -QD -d "$disk" -p PID
count 'another process' none 0 -p 1
count 'another command' none 0 --comm nothing
echo none >"/sys/block/$disk/queue/scheduler"

fathom biolatency -- dd if=/dev/scratch of=/dev/null bs=4096 count=$reads iflag=direct >out 2>err
equal 'biolatency a command' "$reads" "$(awk '/^count / {sum += $2} END {print sum + 0}' out)"

# A limit of the cgroup lets the reader wait before its reads are queued: what it waits is there and on the disk, and nowhere else.
held=41
name='biolatency held back before the disk'
echo +io >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
if [ -e $group/io.max ]; then
    echo "$(cat "/sys/block/$disk/dev") riops=20" >$group/io.max
    mkfifo gate2
    sh -c "echo \$\$ >$group/cgroup.procs; read go <gate2; cat /proc/uptime >begin; dd if=/dev/scratch of=/dev/null bs=4096 count=$held iflag=direct 2>dd.err; cat /proc/uptime >end" &
    reader=$!
    if trace histogram fathom biolatency -Q -d "$disk" --json 1; then
        echo go >gate2
        wait $reader
    fi
    kill -TERM $tool
    wait $tool
    took=$(cat begin end | awk '{took = $1 - took} END {printf "%d", took * 1000}')
    sum() { sed -n "s/.*\"type\":\"$1\".*\"sum_ns\":\([0-9]*\).*/\1/p" out | awk '{sum += $1} END {printf "%d", sum / 1000000}'; }
    before=$(sum held)
    after=$(sum histogram)
    counted=$(sed -n 's/.*"type":"histogram".*"count":\([0-9]*\),"sum_ns".*/\1/p' out | awk '{sum += $1} END {print sum + 0}')
    # Most of the time that dd took is those two; an emulated guest needs the rest, and the clock of the workload has hundredths of a second.
    if [ "$before" -gt "$after" ] && [ "$before" -le $((took + 20)) ] && [ $((before + after)) -gt $((took * 7 / 10)) ] && [ "$counted" = $held ] &&
        grep -q "io.max of cgroup /readers for $disk: riops=20" out; then
        ok "$name"
    else
        not_ok "$name" "$before ms before the disk and $after ms on it of $took ms, $counted requests: $(tr '\n' ' ' <err) $(grep -c . out) lines"
    fi
    echo "$(cat "/sys/block/$disk/dev") riops=max" >$group/io.max

    # next_report: waits for one that begins after this.
    next_report() {
        reports=$(grep -c '"type":"histogram"' out)
        until [ "$(grep -c '"type":"histogram"' out)" -gt $((reports + 1)) ]; do usleep 50000; done
    }

    # One that is set, changed and taken away while the tool traces holds back only what comes meanwhile; all of it is measured, and every setting named.
    name='biolatency a limit that comes and goes while it traces'
    free=53
    device=$(cat "/sys/block/$disk/dev")
    sh -c "echo \$\$ >$group/cgroup.procs; read go <gate2; dd if=/dev/scratch of=/dev/null bs=4096 count=$free iflag=direct 2>dd.err; echo >free.done; read go <gate2
        dd if=/dev/scratch of=/dev/null bs=4096 count=$held iflag=direct 2>dd.err; echo >slow.done; read go <gate2
        dd if=/dev/scratch of=/dev/null bs=4096 count=$held iflag=direct 2>dd.err; echo >slower.done; read go <gate2
        dd if=/dev/scratch of=/dev/null bs=4096 count=$free iflag=direct 2>dd.err" &
    reader=$!
    rm -f free.done slow.done slower.done
    if trace histogram fathom biolatency -Q -d "$disk" --json 1; then
        echo go >gate2
        wait_for free.done ''
        next_report
        cp out unlimited
        echo "$device riops=20" >$group/io.max
        echo go >gate2
        wait_for slow.done ''
        next_report
        echo "$device riops=10" >$group/io.max
        echo go >gate2
        wait_for slower.done ''
        next_report
        echo "$device riops=max" >$group/io.max
        echo go >gate2
        wait $reader
    fi
    kill -TERM $tool
    wait $tool
    mv out whole
    counted=$(sed -n 's/.*"type":"histogram".*"count":\([0-9]*\),"sum_ns".*/\1/p' whole | awk '{sum += $1} END {print sum + 0}')
    waits=$(sed -n 's/.*"type":"held".*"count":\([0-9]*\),"sum_ns".*/\1/p' whole | awk '{sum += $1} END {print sum + 0}')
    # How many wait is a matter of how fast the guest reads by itself; those of each limit are some, or it would not be named.
    if [ "$counted" = $((2 * free + 2 * held)) ] && ! grep -q '"type":"held"' unlimited && [ "$waits" -ge 2 ] && [ "$waits" -le $((2 * held)) ] &&
        grep -q "while tracing.*io.max of cgroup /readers for $disk: riops=20" whole && grep -q "while tracing.*io.max of cgroup /readers for $disk: riops=10" whole; then
        ok "$name"
    else
        not_ok "$name" "$counted requests, $waits waits, $(tr '\n' ' ' <err) $(grep io-limit whole)"
    fi
else
    skip 'biolatency a limit that comes and goes while it traces' "$group has no io.max"
    skip "$name" "$group has no io.max: the kernel lacks CONFIG_BLK_DEV_THROTTLING, or the io controller is version 1's"
fi
