#!/usr/bin/env bash
# A return probe adds a system call to the traced program for every return, and strace and the system call events count it.
#
# Seen with bpftrace 0.23.2 and strace 6.13 of Debian 13 on Linux 6.18.44, x86-64. Since 6.11 the code that a probed function returns to
# does not hold a breakpoint any more: it calls the kernel by number 335, as any program would. So who looks at the system calls of a program and
# at the returns of its functions at the same time sees calls that stand nowhere in the program; their "result" is the function's.
#
#     without a probe:     strace counts 2 system calls, of these uretprobe 0
#     with a return probe: strace counts 99 system calls, of these uretprobe 97; events of raw_syscalls with number 335: 97
#     the last one:        uretprobe() = 97
#
# Needs root, and apt with Debian's sources. Exits 1 if it is no longer so, 2 if the packages are not to be had.
set -euo pipefail
export LC_ALL=C

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
root=$tmp/root

# unpack PACKAGE=VERSION...: Debian 13's packages and all that they depend on, from the machine's own mirror; nothing is installed.
unpack() {
    local mirror key=/usr/share/keyrings/debian-archive-keyring.gpg deb
    # shellcheck disable=SC2016 # apt-get fills it in
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u | sed -n 1p)
    [[ -n $mirror ]] || { echo "knows no Debian mirror: run apt-get update first" >&2; exit 2; }
    mkdir -p "$tmp"/apt/{state/lists/partial,cache/archives/partial} "$root"/{tmp,usr/{bin,lib,lib64}}
    : >"$tmp/apt/status"
    echo "deb [signed-by=$key] $mirror trixie main" >"$tmp/apt/sources.list"
    local apt=(apt-get -q -o Dir::Etc::sourcelist="$tmp/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o Dir::State="$tmp/apt/state"
        -o Dir::State::status="$tmp/apt/status" -o Dir::Cache="$tmp/apt/cache" -o APT::Architecture=amd64 -o Acquire::Languages=none
        -o APT::Install-Recommends=false -o APT::Update::Post-Invoke::= -o APT::Sandbox::User=root)
    { "${apt[@]}" update && "${apt[@]}" -y --download-only install "$@"; } >"$tmp/apt/log" 2>&1 || { cat "$tmp/apt/log" >&2; exit 2; }
    ln -s usr/bin usr/lib usr/lib64 "$root"
    for deb in "$tmp"/apt/cache/archives/*.deb; do
        # Programs and libraries are enough; a package that has none is no error.
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --wildcards './usr/bin/*' './usr/lib*' 2>/dev/null || true
    done
}

with_libraries=("$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu")
# run PROGRAM ARG...: an unpacked program with the libraries that came with it, and with tracefs where it is not mounted.
run() {
    unshare --mount sh -c 'mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"' sh \
        "${with_libraries[@]}" "$root/usr/bin/$1" "${@:2}"
}

unpack bpftrace=0.23.2-1 strace=6.13+ds-1 'binutils=2.44-*'
run bpftrace --version
run strace --version | sed -n 1p

# Calls a function 97 times, which returns its argument, and makes one system call: exit.
cat >"$root/tmp/calls.s" <<'ASM'
        .globl  same
        .type   same, @function
same:   mov     %rdi, %rax
        ret
        .size   same, . - same
        .globl  _start
_start: xor     %ebx, %ebx
next:   inc     %ebx
        mov     %rbx, %rdi
        call    same
        cmp     $97, %ebx
        jne     next
        mov     $60, %eax
        xor     %edi, %edi
        syscall
        .section .note.GNU-stack, "", @progbits
ASM
chroot "$root" as -o /tmp/calls.o /tmp/calls.s
chroot "$root" ld -o /tmp/calls /tmp/calls.o

# With -D the traced program is the process that bpftrace started, and strace stands beside it.
strace=("${with_libraries[@]}" "$root/usr/bin/strace" -D -qq)
"${strace[@]}" -o "$tmp/plain" "$root/tmp/calls"
run bpftrace -q -e "uretprobe:$root/tmp/calls:same { } rawtracepoint:sys_enter /pid == cpid && arg1 == 335/ { @events++ }" \
    -c "${strace[*]} -o $tmp/probed $root/tmp/calls" >"$tmp/out" 2>"$tmp/bpftrace.log" </dev/null
for file in plain probed; do
    for ((tries = 0; tries < 100; tries++)); do grep -q '^exit' "$tmp/$file" && break; sleep 0.1; done
done

all=$(grep -c '(' "$tmp/plain" || true) own=$(grep -c '^uretprobe' "$tmp/plain" || true)
probed_all=$(grep -c '(' "$tmp/probed" || true) probed_own=$(grep -c '^uretprobe' "$tmp/probed" || true)
events=$(sed -n 's/^@events: //p' "$tmp/out")
last=$(grep '^uretprobe' "$tmp/probed" | tail -n 1 | tr -s ' ')
echo "without a probe:     strace counts $all system calls, of these uretprobe $own"
echo "with a return probe: strace counts $probed_all system calls, of these uretprobe $probed_own; events of raw_syscalls with number 335: $events"
echo "the last one:        $last"

[[ $all/$own/$probed_all/$probed_own/$events == 2/0/99/97/97 && $last == 'uretprobe() = 97' ]] || {
    cat "$tmp/bpftrace.log" >&2
    echo "CHANGED: a return probe no longer makes one system call for each return (before Linux 6.11 it made none)" >&2
    exit 1
}
echo "as recorded: 97 returns were 97 system calls"
