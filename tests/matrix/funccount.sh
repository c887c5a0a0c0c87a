# fathom funccount counts calls of the kernel's functions, of a library's, and tracepoints, exactly; and what it cannot attach to never stops it.
. "$TESTS/functions"
calls=13

# counted NAME PATTERN ROW COUNT COMMAND: the count of one row while a command runs.
counted() {
    fathom funccount "$2" -- sh -c "$5" >out 2>err || { not_ok "$1" "$(tr '\n' ' ' <err)"; return; }
    equal "$1" "$4" "$(awk -v row="$3" '$1 == row {print $2}' out)"
}

# Each of these commands makes one call of its function, or so many processes.
some=$(seq 1 $calls | tr '\n' ' ')
counted 'funccount one kernel function' vfs_mkdir vfs_mkdir $calls "for i in $some; do mkdir d\$i; done"
rmdir d*
# One that no kernel has a copy of in its caller, as it has of vfs_rmdir.
counted 'funccount kernel functions' 'vfs_mk*' vfs_mkdir $calls "for i in $some; do mkdir d\$i; done"
rmdir d*
counted 'funccount a system call' 't:syscalls:sys_enter_*' syscalls:sys_enter_mkdir $calls "for i in $some; do mkdir d\$i; done"
counted 'funccount a tracepoint' 't:sched:sched_process_*' sched:sched_process_fork $calls "for i in $some; do /bin/true; done"
rmdir d*

# Each program that uses the C library begins once: the shell too, which is not busybox.
fathom funccount --all-processes 'c:__libc_start_main*' -- sh -c "for i in $some; do fathom --version; done" >out 2>err
equal 'funccount a library function' $((calls + 1)) "$(awk '$1 ~ /^__libc_start_main/ {sum += $2} END {print sum + 0}' out)"

# Without that, breakpoints follow the processes as they come: each is attached to late or not at all, and said to be.
fathom funccount 'c:__libc_start_main*' -- sh -c "for i in $some; do fathom --version; done" >out 2>err
equal 'funccount says which processes it was late for' $calls "$(sed -n 's/^processes or threads were .*: \([0-9]*\)$/\1/p' out err | awk '{sum += $1} END {print sum + 0}')"
counted=$(awk '$1 ~ /^__libc_start_main/ {sum += $2} END {print sum + 0}' out)
if [ "$counted" -le $((calls + 1)) ]; then ok 'funccount counts no process twice that it follows'; else not_ok 'funccount counts no process twice that it follows' "$counted"; fi

# Nothing comes through where nothing may.
fathom funccount --comm no-such-name 'vfs_*dir' -- sh -c 'mkdir x; rmdir x' >out 2>err
equal 'funccount lets nothing through' 0 "$(grep -c '^vfs_' out)"

# Functions that cannot be probed are left out and named; the others count.
fathom funccount -r '^(asm_exc_page_fault|vfs_mkdir)$' -- mkdir y >out 2>err
equal 'funccount skips what cannot be probed' '1 named' "$(awk '$1 == "vfs_mkdir" {print $2}' out) $(grep -q 'not counted: 1 function (asm_exc_page_fault)' err && echo named)"
rmdir y

# Thousands in one link, where the kernel can; elsewhere it says so and refuses.
fathom doctor --json >verdicts
if grep -q '"name":"kprobe_multi".*"answer":"yes"' verdicts; then
    fathom funccount --budget off -r '^[a-d]' --most 20000 -d 0.1 >out 2>err
    equal 'funccount thousands of functions' 0 $?
    many=$(sed -n 's/^Tracing \([0-9]*\) functions.*/\1/p' out)
    if [ "${many:-0}" -gt 5000 ]; then ok 'funccount more than 5000 functions'; else not_ok 'funccount more than 5000 functions' "$many"; fi
    equal 'funccount is refused too many' 1 "$(fathom funccount '*' -d 0.1 >out 2>err; echo $?)"
else
    fathom funccount --budget off -r '^[a-d]' --most 20000 -d 0.1 >out 2>err
    equal 'funccount is refused many, one by one' "1 said" "$? $(grep -q 'one by one' err && echo said)"
fi
equal 'funccount leaves no kprobe' '' "$(cat /sys/kernel/tracing/kprobe_events)"

# A function with several names is one row, counted once: the entries of sync for 64-bit and 32-bit programs are one function.
fathom funccount '*_sys_sync' -- sh -c "for i in $some; do sync; done" >out 2>err
equal 'funccount a function with several names' "$calls" "$(awk '$1 ~ /_sys_sync$/ {print $2}' out)"

# Who may not know addresses counts by name, where many functions can be attached to at once.
if [ -x /usr/bin/setpriv ] && grep -q '"name":"kprobe_multi".*"answer":"yes"' verdicts; then
    trace Tracing /usr/bin/setpriv --reuid 65534 --clear-groups --inh-caps +bpf,+perfmon --ambient-caps +bpf,+perfmon fathom funccount 'vfs_mkd*' -d 3
    for i in $some; do mkdir "e$i"; done
    wait $tool
    equal 'funccount by name, without addresses' $calls "$(awk '$1 == "vfs_mkdir" {print $2}' out)"
else
    skip 'funccount by name, without addresses' 'kprobe_multi or setpriv is not there'
fi
