#!/usr/bin/env bash
# While a uprobe is set on a file, git hashes and stores other bytes than the file has.
#
# Seen with git 2.47.3 and bpftrace 0.23.2 of Debian 13 on Linux 6.18.44, x86-64. `git hash-object FILE` maps a file of more than 32 KiB,
# read-only and private, and the kernel writes a uprobe's breakpoint into every private mapping of the probed file that is not writable,
# whether or not it is executable. So git reads the byte cc where the probe is. The file itself, what read(2) gives and shared
# mappings stay as they were: cmp finds no difference, and the same git in the same moment is right when it reads from a pipe.
# The stored object is a valid one to git fsck.
#
#     before, by path:      37886a34a6853db242409bfa73c8915c1a749e69
#     probed, by path:      ca6db6a5f12cf01b6e9fe7ddf69e578f14c6c7ec
#     probed, from a pipe:  37886a34a6853db242409bfa73c8915c1a749e69
#     after, by path:       37886a34a6853db242409bfa73c8915c1a749e69
#     stored in place of the file (offset, the file's byte, the object's byte, octal):  15073 363 314
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

unpack bpftrace=0.23.2-1 'git=1:2.47.3-*'
run git --version
run bpftrace --version

file=$tmp/library # a copy that no program has loaded
cp "$root/usr/lib/x86_64-linux-gnu/libz.so.1" "$file"
cp "$file" "$tmp/twin"
export GIT_DIR=$tmp/objects.git
run git init -q --bare "$GIT_DIR"

# probed_git ARG...: what git prints while there is a uprobe on the file. bpftrace probes only the process that it starts by -c.
probed_git() {
    run bpftrace -q -e "uprobe:$file:adler32 { }" -c "${with_libraries[*]} $root/usr/bin/git $*" 2>"$tmp/bpftrace.log" | sed '/^$/d'
}

before=$(run git hash-object "$file")
probed=$(probed_git hash-object -w "$file" </dev/null)
piped=$(probed_git hash-object --stdin < <(cat "$file"))
after=$(run git hash-object "$file")
run git cat-file blob "$probed" >"$tmp/stored"
differences=$(cmp -l "$tmp/twin" "$tmp/stored" || true)

printf '%-21s %s\n' 'before, by path:' "$before" 'probed, by path:' "$probed" 'probed, from a pipe:' "$piped" 'after, by path:' "$after"
echo "stored in place of the file (offset, the file's byte, the object's byte, octal): $differences"
run git fsck --no-dangling 2>/dev/null
cmp "$file" "$tmp/twin"

[[ $piped == "$before" && $after == "$before" && $probed != "$before" && $differences =~ ^\ *[0-9]+\ +[0-7]+\ 314$ ]] || {
    cat "$tmp/bpftrace.log" >&2
    echo "CHANGED: git does not store just the breakpoint of a uprobe any more" >&2
    exit 1
}
echo "as recorded: the object has the breakpoint's cc where the file has another byte"
