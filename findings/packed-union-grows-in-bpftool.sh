#!/usr/bin/env bash
# bpftool writes a packed union without `packed`: the header has other sizes and offsets than the types it was made from.
#
# Seen with bpftool 7.5.0, pahole 1.30 and gcc 14.2.0 of Debian 13, x86-64. BTF has no mark for `packed`; from sizes and offsets
# bpftool (libbpf's btf_dump) finds out for a struct that it must be packed, and writes padding where it must. For a union it does not
# ask, although the size that BTF has for it (3, with a member aligned to 2) tells. So the union is 4 bytes long in what
# `bpftool btf dump ... format c` prints, whose purpose is to be the same types again, as vmlinux.h is; the struct around it is written with
# neither `packed` nor a hint, and compiles without a word.
#
#                                    source  BTF  header
#     size of the packed struct            3    3       3
#     size of the packed union             3    3       4
#     size of the struct around it         5    5       8
#     offset of the union in it            1    1       2
#
# Needs root (chroot), and apt with Debian's sources. Exits 1 if it is no longer so, 2 if the packages are not to be had.
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
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --wildcards './usr/bin/*' './usr/sbin/*' './usr/lib*' './usr/include/*' 2>/dev/null || true
    done
}

unpack 'bpftool=7.5.0+*' pahole=1.30-1 'gcc=4:14.2.0-*'
run() { "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/$1" "${@:2}"; }
run sbin/bpftool version | sed -n 1p
echo "pahole $(run bin/pahole --version)"

cat >"$root/tmp/source.h" <<'C'
struct word {
    unsigned char tag;
    unsigned short value;
} __attribute__((packed));
union reading {
    unsigned char bytes[3];
    unsigned short first;
} __attribute__((packed));
struct record {
    unsigned char kind;
    union reading reading;
    unsigned char check;
};
C
# The sizes are the values of symbols, so that nothing has to be run or linked.
cat >"$root/tmp/sizes.c" <<'C'
#include HEADER
struct word word;
struct record record;
#define VALUE(name, value) __asm__(".globl " #name "\n.set " #name ", %c0" : : "i"(value))
void values(void)
{
    VALUE(size_of_struct, sizeof(struct word));
    VALUE(size_of_union, sizeof(union reading));
    VALUE(size_of_outer, sizeof(struct record));
    VALUE(offset_in_outer, __builtin_offsetof(struct record, reading));
}
C
values() { # values OBJECT
    local name
    for name in size_of_struct size_of_union size_of_outer offset_in_outer; do
        echo $((16#$(chroot "$root" nm "/tmp/$1" | sed -n "s/ A $name\$//p")))
    done
}
compile() { chroot "$root" gcc -g -Wall -Wextra -Werror -DBPF_NO_PRESERVE_ACCESS_INDEX -DHEADER="\"/tmp/$1.h\"" -c -o "/tmp/$1.o" /tmp/sizes.c; }

compile source
run bin/pahole --btf_encode_detached="$tmp/btf" "$root/tmp/source.o"
run sbin/bpftool btf dump file "$tmp/btf" >"$tmp/raw"
run sbin/bpftool btf dump file "$tmp/btf" format c >"$root/tmp/header.h"
compile header
mapfile -t source < <(values source.o)
mapfile -t header < <(values header.o)
size() { sed -n "s/^\[[0-9]*\] $1 '$2' size=\([0-9]*\) .*/\1/p" "$tmp/raw"; }
btf=("$(size STRUCT word)" "$(size UNION reading)" "$(size STRUCT record)"
    "$(($(sed -n "s/.*'reading' type_id=[0-9]* bits_offset=//p" "$tmp/raw") / 8))")

sed -n '/^struct word {/,/^}/p; /^union reading {/,/^}/p; /^struct record {/,/^}/p' "$root/tmp/header.h"
printf '%-28s %6s %4s %7s\n' '' source BTF header
row=0
for text in 'size of the packed struct' 'size of the packed union' 'size of the struct around it' 'offset of the union in it'; do
    printf '%-28s %6d %4d %7d\n' "$text" "${source[row]}" "${btf[row]}" "${header[row]}"
    row=$((row + 1))
done

[[ "${source[*]} / ${btf[*]} / ${header[*]}" == '3 3 5 1 / 3 3 5 1 / 3 4 8 2' ]] || {
    echo "CHANGED: bpftool's header no longer differs just in the packed union" >&2
    exit 1
}
echo "as recorded: the union is a byte longer in bpftool's header, and the struct around it three bytes"
