#!/usr/bin/env bash
# A uprobe on an AVX comparison makes the kernel leave the instruction out, and the program computes something else.
#
# Seen with bpftrace 0.23.2 and binutils 2.44 of Debian 13 on Linux 6.18.44, x86-64 with AVX. The kernel does in its own code what a
# probed branch would do, and takes an instruction for a branch by its first opcode byte. For VEX encodings that byte is what follows the
# prefix: 74 is a short `je` in the one map and vpcmpeqb in the other, so nothing is compared, and the program goes on behind it. No error,
# no warning, the probe counts its hit. The SSE2 form of the same instruction, whose 74 stands behind 0f, is run as it should.
#
#     vpcmpeqb, without a probe:  ====.======.====
#     vpcmpeqb, with a uprobe:    ................  (1 hit)
#     pcmpeqb,  without a probe:  ====.======.====
#     pcmpeqb,  with a uprobe:    ====.======.====  (1 hit)
#
# Needs root, and apt with Debian's sources. Exits 1 if it is no longer so, 2 if the packages are not to be had.
set -euo pipefail
export LC_ALL=C

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# Ended from outside, it waits for what unpacks, and then removes the folder.
trap 'exit 130' INT
trap 'exit 143' TERM
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

grep -qw avx /proc/cpuinfo || { echo "needs a processor with AVX" >&2; exit 2; }
unpack bpftrace=0.23.2-1 'binutils=2.44-*'
run bpftrace --version
chroot "$root" as --version | sed -n 1p

# Prints = for each of 16 bytes that are equal in two texts, and a dot for the others.
program() { # program COMPARISON
    cat <<ASM
        .globl  compare
        .type   compare, @function
compare: $1
        ret
        .size   compare, . - compare
        .globl  _start
_start: movups  left(%rip), %xmm0
        movups  right(%rip), %xmm1
        call    compare
        pmovmskb %xmm0, %eax
        lea     marks(%rip), %rsi
        xor     %ecx, %ecx
next:   bt      %ecx, %eax
        jnc     differs
        movb    \$'=', (%rsi, %rcx)
differs: inc    %ecx
        cmp     \$16, %ecx
        jne     next
        mov     \$1, %eax               # write(1, marks, 17)
        mov     \$1, %edi
        mov     \$17, %edx
        syscall
        mov     \$60, %eax              # exit(0)
        xor     %edi, %edi
        syscall
        .section .note.GNU-stack, "", @progbits
        .data
left:   .ascii  "one two three 16"
right:  .ascii  "one Two thrEe 16"
marks:  .ascii  "................\n"
ASM
}

declare -A result
for form in vpcmpeqb pcmpeqb; do
    if [[ $form == vpcmpeqb ]]; then comparison='vpcmpeqb %xmm1, %xmm0, %xmm0'; else comparison='pcmpeqb %xmm1, %xmm0'; fi
    program "$comparison" >"$root/tmp/$form.s"
    chroot "$root" as -o "/tmp/$form.o" "/tmp/$form.s"
    chroot "$root" ld -o "/tmp/$form" "/tmp/$form.o"
    result[$form]=$("$root/tmp/$form")
    run bpftrace -q -e "uprobe:$root/tmp/$form:compare { @hits++ }" -c "$root/tmp/$form" >"$tmp/out" 2>"$tmp/bpftrace.log" </dev/null
    result[$form,probed]=$(grep -E '^[=.]{16}$' "$tmp/out")
    result[$form,hits]=$(sed -n 's/^@hits: //p' "$tmp/out")
    printf '%-9s without a probe:  %s\n' "$form," "${result[$form]}"
    printf '%-9s with a uprobe:    %s  (%s hit)\n' "$form," "${result[$form,probed]}" "${result[$form,hits]}"
done

right='====.======.===='
[[ ${result[vpcmpeqb]} == "$right" && ${result[pcmpeqb]} == "$right" && ${result[pcmpeqb,probed]} == "$right" &&
    ${result[vpcmpeqb,probed]} == '................' && ${result[vpcmpeqb,hits]} == 1 && ${result[pcmpeqb,hits]} == 1 ]] || {
    cat "$tmp/bpftrace.log" >&2
    echo "CHANGED: a uprobe on vpcmpeqb no longer leaves just this instruction out" >&2
    exit 1
}
echo "as recorded: with a uprobe on vpcmpeqb nothing was compared"
