# fathom doctor names lockdown, and agrees with the tools under it. The last test: a kernel that is locked down stays so.
. "$TESTS/functions"
. "$TESTS/doctor.functions"
mode=/sys/kernel/security/lockdown
if ! grep -q confidentiality $mode 2>/dev/null; then
    skip 'doctor lockdown' "there is no $mode"
    exit
fi

echo confidentiality >$mode
agrees lockdown lockdown env
equal 'doctor knows why there are no kprobes' lockdown "$(sed -n 's/.*"name":"kprobe by perf".*"cause":"\([^"]*\)".*/\1/p' verdicts)"
