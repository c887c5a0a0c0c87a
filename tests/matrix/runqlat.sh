# fathom runqlat counts every wait of a process: as many as the kernel says that it was taken from a CPU, between two moments at which it sleeps.
. "$TESTS/functions"
naps=41
group=/sys/fs/cgroup/waiting
mkdir $group $group/below
mkfifo gate
# It sleeps until it has a line to read.
taskset 1 sh -c "echo \$\$ >$group/below/cgroup.procs; printf napper >/proc/self/comm; while read line; do :; done" <gate &
napper=$!
exec 3>gate

asleep() {
    until read -r _ comm state _ <"/proc/$napper/stat" && [ "$comm $state" = '(napper) S' ]; do usleep 500; done
}
# What the kernel has counted of it: how often it was taken from a CPU, and for how many ns it waited for one.
switches() { asleep; awk '/ctxt_switches/ {sum += $2} END {print sum}' /proc/$napper/status; }
waited() { asleep; awk '{print $2}' /proc/$napper/schedstat; }

# count NAME WHOSE OPTION...: naps while the tool traces, and compares what it counts with what the kernel has: all of it, or none.
count() {
    name="runqlat $1" whose=$2
    shift 2
    asleep
    trace Tracing fathom runqlat --budget off "$@" || { not_ok "$name" "$(tr '\n' ' ' <err)"; kill $tool; return; }
    before=$(switches)
    i=0
    while [ $i -lt $naps ]; do asleep; echo >&3; i=$((i + 1)); done
    expected=$(($(switches) - before))
    kill -INT $tool
    wait $tool
    status=$?
    [ "$whose" = its ] || expected=0
    counted=$(awk '/^count / {sum += $2} END {print sum + 0}' out)
    if [ $status -eq 0 ] && [ "$counted" = "$expected" ] && { [ $expected = 0 ] || [ $expected -ge $((naps - 5)) ]; } && ! grep -v '^cost: ' err; then
        ok "$name"
    else
        not_ok "$name" "$counted waits in place of $expected, status $status: $(tr '\n' ' ' <err)"
    fi
}

count 'one process' its -p $napper
count 'one command' its --comm napper
count 'one cgroup' its -c $group/below
count 'a cgroup above' its -c $group
count 'one process of a cgroup, by thread, in ms' its -Lm -p $napper -c $group
equal 'runqlat names the thread' 1 "$(grep -c "^tid = $napper, comm = napper$" out)"
count 'one process, by process' its -P -p $napper
equal 'runqlat names the process' 1 "$(grep -c "^pid = $napper, comm = napper$" out)"
count 'one process, by namespace' its --pidnss -p $napper
equal 'runqlat names the namespace' 1 "$(grep -c "^pidns = $(readlink /proc/self/ns/pid | tr -dc 0-9)$" out)"
count 'another process' others -p 1 --comm napper
count 'another command' others --comm nothing

# With one that is always busy on the same CPU, its waits are as long as the kernel's own, which begin and end a little earlier; an emulated guest takes longer for what lies in between.
name='runqlat as long as the kernel says'
if [ "$(cat /proc/$napper/schedstat)" = '0 0 0' ] || [ ! -e /proc/$napper/schedstat ]; then
    skip "$name" '/proc/PID/schedstat says nothing: the kernel is built without CONFIG_SCHED_INFO, or does not account for delays'
else
    taskset 1 sh -c 'while :; do :; done' &
    busy=$!
    trace histogram fathom runqlat --budget off -p $napper --json 1
    before=$(waited)
    i=0
    while [ $i -lt $naps ]; do asleep; echo >&3; i=$((i + 1)); done
    expected=$((($(waited) - before) / 1000))
    kill $busy
    kill -INT $tool
    wait $tool
    got=$(sed -n 's/.*"type":"histogram".*"sum_ns":\([0-9]*\).*/\1/p' out | awk '{sum += $1} END {printf "%d", sum / 1000}')
    difference=$((got > expected ? got - expected : expected - got))
    if [ $difference -le $((expected / 10 + naps * 100)) ]; then ok "$name"; else not_ok "$name" "$got us in place of $expected"; fi
fi

# A command waits when it has begun, and with its children: all that it was ever given a CPU for.
fathom runqlat -P -o out --budget off -- sh -c 'i=0; while [ $i -lt 11 ]; do usleep 1000; (exit 0); i=$((i + 1)); done'
children=$(grep -c '^pid = ' out)
if [ "$children" -ge 12 ]; then ok 'runqlat a command and its children'; else not_ok 'runqlat a command and its children' "$children processes"; fi

fathom runqlat -P -L >out 2>err
equal 'runqlat one key at a time' 2 $?
exec 3>&-
