# fathom execsnoop shows a known number of programs exactly, and nothing that its filters do not let through.
. "$TESTS/functions"
run=23 missing=3
cat >programs <<END
i=0
while [ \$i -lt $run ]; do busybox true number \$i; i=\$((i + 1)); done
i=0
while [ \$i -lt $missing ]; do (exec /no/such/program) 2>/dev/null; i=\$((i + 1)); done
true
END

# check NAME RUN MISSING OPTION...: how often the two programs are shown.
check() {
    name="execsnoop $1" there=$2 failed=$3
    shift 3
    if fathom execsnoop "$@" -- sh programs >out 2>err; then
        equal "$name" "$there run, $failed missing" \
            "$(awk '/ true number [0-9]+$/ {there++} / -2 .*\/no\/such\/program$/ {missing++} END {print there + 0 " run, " missing + 0 " missing"}' out)"
    else
        not_ok "$name" "$(tr '\n' ' ' <err)"
    fi
}

check all $run 0
check 'with failures' $run $missing -x
check 'one line' 1 0 -l 'true number 7$'
check 'another name' 0 0 -n nothing
check 'real paths, parents and CPUs' $run 0 -F -M -C

# Counted in place of shown: those that fail are rows only where they are asked for.
fathom execsnoop -x --by error,filename -- sh programs >out 2>err
equal 'execsnoop counts' "$run, $missing" \
    "$(awk '$2 == "-" && $3 ~ /busybox$/ {there += $1} $2 == "ENOENT" && $3 == "/no/such/program" {missing += $1} END {print there ", " missing}' out)"
