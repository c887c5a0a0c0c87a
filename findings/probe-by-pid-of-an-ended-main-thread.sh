#!/usr/bin/env bash
# A uprobe_multi link by process id is made, and never hit, once the main thread of the process has ended.
#
# Seen with libbpf 1.5.0 and gcc 14.2.0 of Debian 13 on Linux 6.18.44, x86-64. A process lives on when its first thread leaves by
# pthread_exit(3) and others run; its id stays the same. Of a link that names it, the kernel compares the memory of that first thread
# with the memory at hand, but an ended thread has none any more: no breakpoint is set, nothing is counted, and BPF_LINK_CREATE
# returns a descriptor as if all were well. A perf event on the same place for the same id is refused (ESRCH), the link with the id of a
# living thread too (ESRCH), and a link without an id counts every call.
#
#     main thread lives, link by process id:   made, 97 hits of 97
#     main thread ended, link by process id:   made, 0 hits of 97
#     main thread ended, link by thread id:    No such process
#     main thread ended, event by process id:  No such process
#     main thread ended, link without an id:   made, 97 hits of 97
#
# Needs root, Linux 6.7 or newer, and apt with Debian's sources. Exits 1 if it is no longer so, 2 if the packages are not to be had.
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
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --wildcards './usr/bin/*' './usr/lib*' './usr/include/*' 2>/dev/null || true
    done
}

unpack libbpf-dev=1:1.5.0-3 'gcc=4:14.2.0-*' libc6-dev

cat >"$root/tmp/link.c" <<'C'
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int go[2], ready[2], ends;

__attribute__((noinline, section("probed"))) int called(int n)
{
    __asm__ volatile("" : "+r"(n));
    return n;
}

static void *work(void *unused)
{
    int c, tid = gettid();
    write(ready[1], &tid, sizeof(tid));
    read(go[0], &c, 1);
    for (c = 0; c < 97; c++)
        called(c);
    _exit(0);
}

/* A program that counts in the only value of a map. */
static int counter(int map, int multi)
{
    struct bpf_insn code[] = {
        { BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0 },
        { BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0 },
        { BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4 },
        { BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, map },
        { 0 },
        { BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem },
        { BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0 },
        { BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1 },
        { BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD },
        { BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0 },
        { BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
    };
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = multi ? BPF_TRACE_UPROBE_MULTI : 0);
    return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "counter", "GPL", code, sizeof(code) / sizeof(*code), &options);
}

/* link FIRST-THREAD WAY FILE OFFSET: attaches to a child process of its own, and prints what came of it. */
int main(int count, char **arguments)
{
    const char *way = arguments[2], *file = arguments[3];
    unsigned long offset = strtoul(arguments[4], NULL, 0), hits = 0;
    int tid, fd, zero = 0, multi = strcmp(way, "event") != 0;

    ends = !strcmp(arguments[1], "ended");
    if (pipe(go) || pipe(ready))
        return 2;
    pid_t child = fork();
    if (!child) {
        pthread_t thread;
        close(go[1]); /* else the child would outlive a parent that fails */
        pthread_create(&thread, NULL, work, NULL);
        if (ends)
            pthread_exit(NULL);
        pthread_join(thread, NULL);
        return 0;
    }
    read(ready[0], &tid, sizeof(tid));
    if (ends) {
        siginfo_t info;
        char path[64], state[4096] = "";
        snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", child, child);
        do { /* until the first thread is a zombie */
            FILE *stat = fopen(path, "r");
            fgets(state, sizeof(state), stat);
            fclose(stat);
            usleep(1000);
        } while (!strstr(state, ") Z "));
    }
    int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "hits", sizeof(int), sizeof(long), 1, NULL);
    int program = counter(map, multi);
    if (program < 0) {
        perror("BPF_PROG_LOAD");
        return 2;
    }
    if (multi) {
        LIBBPF_OPTS(bpf_link_create_opts, options, .uprobe_multi.path = file, .uprobe_multi.offsets = &offset, .uprobe_multi.cnt = 1,
                    .uprobe_multi.pid = !strcmp(way, "thread") ? tid : !strcmp(way, "process") ? child : 0);
        fd = bpf_link_create(program, 0, BPF_TRACE_UPROBE_MULTI, &options);
    } else {
        FILE *type = fopen("/sys/bus/event_source/devices/uprobe/type", "r");
        struct perf_event_attr attributes = { .size = sizeof(attributes), .config1 = (unsigned long)file, .config2 = offset };
        fscanf(type, "%u", &attributes.type);
        fd = syscall(SYS_perf_event_open, &attributes, child, -1, -1, PERF_FLAG_FD_CLOEXEC);
    }
    if (fd < 0)
        perror(NULL);
    write(go[1], "", 1);
    waitpid(child, NULL, 0);
    bpf_map_lookup_elem(map, &zero, &hits);
    if (fd >= 0)
        printf("made, %lu hits of 97\n", hits);
    return 0;
}
C
chroot "$root" gcc -O2 -w -no-pie -o /tmp/link /tmp/link.c -lbpf
# The section's place in the file is that of the function: it has nothing else.
offset=0x$(chroot "$root" readelf -SW /tmp/link | sed -n 's/.* probed  *PROGBITS  *[0-9a-f]*  *\([0-9a-f]*\) .*/\1/p')

declare -A result
attach() { # attach FIRST-THREAD WAY TEXT
    result[$1,$2]=$("$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" \
        "$root/tmp/link" "$1" "$2" "$root/tmp/link" "$offset" 2>&1)
    printf 'main thread %s %s\n' "$3" "${result[$1,$2]}"
}
attach alive process 'lives, link by process id:  '
attach ended process 'ended, link by process id:  '
attach ended thread 'ended, link by thread id:   '
attach ended event 'ended, event by process id: '
attach ended all 'ended, link without an id:  '

all='made, 97 hits of 97'
[[ ${result[alive,process]} == "$all" && ${result[ended,all]} == "$all" && ${result[ended,process]} == 'made, 0 hits of 97' &&
    ${result[ended,thread]} == 'No such process' && ${result[ended,event]} == 'No such process' ]] || {
    echo "CHANGED: a uprobe_multi link by the id of a process whose main thread has ended is no longer made in vain" >&2
    exit 1
}
echo "as recorded: the link by process id was made and saw none of 97 calls"
