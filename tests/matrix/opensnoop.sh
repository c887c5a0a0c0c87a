# fathom opensnoop shows a known number of opens exactly, and nothing that its filters do not let through.
. "$TESTS/functions"
opened=31 missing=5
echo x >there
cat >opens <<END
i=0
while [ \$i -lt $opened ]; do read -r x <there; i=\$((i + 1)); done
i=0
while [ \$i -lt $missing ]; do true <missing; i=\$((i + 1)); done
true
END

# check NAME THERE MISSING OPTION...: how often the two files are shown.
check() {
    name="opensnoop $1" there=$2 failed=$3
    shift 3
    if fathom opensnoop --budget off "$@" -- sh opens >out 2>err; then
        equal "$name" "$there opened, $failed missing" \
            "$(awk '$NF == "there" {there++} $NF == "missing" {missing++} END {print there + 0 " opened, " missing + 0 " missing"}' out)"
    else
        not_ok "$name" "$(tr '\n' ' ' <err)"
    fi
}

check all $opened $missing
check failed 0 $missing -x
check 'one name' $opened $missing -n sh
check 'another name' 0 0 -n nothing
check 'another flag' 0 0 -f O_CREAT
check 'flags and permissions' $opened $missing -e

# Counted in place of shown.
fathom opensnoop --budget off --by path,error -- sh opens >out 2>err
equal 'opensnoop counts' "there - $opened, missing ENOENT $missing" \
    "$(awk '$2 == "there" {there = $2 " " $3 " " $1} $2 == "missing" {missing = $2 " " $3 " " $1} END {print there ", " missing}' out)"
