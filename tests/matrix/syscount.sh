# fathom syscount counts system calls that a shell makes exactly: those that fail, never return, are stopped in between, or are of the 32-bit interface too.
. "$TESTS/functions"
changes=211 failures=53 children=31 signals=17 old=101
cat >calls <<END
i=0
while [ \$i -lt $changes ]; do cd .; i=\$((i + 1)); done
i=0
while [ \$i -lt $failures ]; do cd /missing; i=\$((i + 1)); done 2>/dev/null
i=0
while [ \$i -lt $children ]; do (exit 0); i=\$((i + 1)); done
trap : USR1
i=0
while [ \$i -lt $signals ]; do kill -USR1 \$\$; i=\$((i + 1)); done
END

# calls NAME: how many of one system call there are in the table.
calls() { sed -n "s/^$1 *\([0-9][0-9]*\) .*/\1/p; s/^$1 *\([0-9][0-9]*\)$/\1/p" out | awk '{sum += $1} END {print sum + 0}'; }

# check NAME EXPECTED OPTION...: what of these calls is in the table.
check() {
    name="syscount $1" expected=$2
    shift 2
    if fathom syscount --budget off -T 9999 "$@" -- sh calls >out 2>err && ! grep -v '^cost: ' err; then
        equal "$name" "$expected" "$(calls chdir) $(($(calls clone) + $(calls fork) + $(calls vfork) + $(calls clone3))) $(calls exit_group) $(calls kill)"
    else
        not_ok "$name" "$(tr '\n' ' ' <err)"
    fi
}

all="$((changes + failures)) $children $((children + 1)) $signals"
check all "$all"
check 'with times' "$all" -L
# The shell has handlers of its own, too.
if [ "$(calls rt_sigreturn)" -ge $signals ]; then ok 'syscount returns from handlers'; else not_ok 'syscount returns from handlers' "$(calls rt_sigreturn)"; fi
check failures "$failures 0 0 0" -x
check 'failures with times' "$failures 0 0 0" -L -x
check 'one error' "$failures 0 0 0" -e ENOENT
check 'another error' '0 0 0 0' -e EXDEV
check 'one call' "$((changes + failures)) 0 0 0" --syscall chdir
check 'another command' '0 0 0 0' --comm nothing

# By process: one with all of that, and its children, which have ended when the names are asked for.
fathom syscount -P --budget off -T 9999 -o out -- sh calls 2>err
equal 'syscount processes' $((children + 1)) "$(grep -c '^[0-9]* *sh *[0-9]*$' out)"
fathom syscount -PL --budget off -T 9999 -o out -- sh calls 2>err
equal 'syscount processes with times' $((children + 1)) "$(grep -c '^[0-9]* *sh *[0-9]* .*s$' out)"

# A call that is stopped and goes on is one call, whatever the kernel makes of it.
cat >stopped <<'END'
usleep 400000 &
sleeper=$!
state() { until read -r _ comm state _ <"/proc/$sleeper/stat" && [ "$comm $state" = "(usleep) $1" ]; do :; done; }
for turn in 1 2 3; do
    state S
    kill -STOP $sleeper
    state T
    kill -CONT $sleeper
done
wait
END
for option in "" -L; do
    # shellcheck disable=SC2086 # no word where there is no option
    fathom syscount --budget off -T 9999 $option -o out -- sh stopped 2>err
    equal "syscount a stopped call${option:+ with times}" '1 0' "$(($(calls nanosleep) + $(calls clock_nanosleep))) $(calls restart_syscall)"
done

# A call of the 32-bit interface: getpid has the number of writev there. The program is `int $0x80` in a loop, and exit.
name='syscount calls of the 32-bit interface'
{
    printf '\177ELF\001\001\001\000\000\000\000\000\000\000\000\000\002\000\003\000\001\000\000\000\124\200\004\010\064\000\000\000'
    printf '\000\000\000\000\000\000\000\000\064\000\040\000\001\000\050\000\000\000\000\000'
    printf '\001\000\000\000\000\000\000\000\000\200\004\010\000\200\004\010\174\000\000\000\174\000\000\000\005\000\000\000\000\020\000\000'
    printf "\\276\\$(printf %03o $old)\\000\\000\\000\\270\\024\\000\\000\\000\\315\\200\\116\\165\\366\\270\\001\\000\\000\\000\\061\\333\\315\\200"
} >old
chmod +x old
if ./old 2>/dev/null; then
    fathom syscount --budget off -T 9999 -o out -- ./old 2>err
    equal "$name" "$old 1 0" "$(calls 'getpid (32-bit)') $(calls 'exit (32-bit)') $(calls writev)"
    fathom syscount --budget off -L --syscall getpid -o out -- ./old 2>err
    equal "$name with times" "$old" "$(calls 'getpid (32-bit)')"
else
    skip "$name" 'the kernel runs no 32-bit programs'
fi

fathom syscount -e ENOTHING >out 2>err
equal 'syscount an error that there is not' 2 $?
fathom syscount --syscall nothing >out 2>err
equal 'syscount a call that there is not' 2 $?
equal 'syscount lists the calls' 3 "$(fathom syscount -l | grep -cxE 'chdir|exit_group|waitpid')"
