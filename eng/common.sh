# Shared by ./fathom and ./test: where things are, who owns the tree, and building as that owner. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
artifacts=$root/artifacts
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

require_dotnet() {
    command -v dotnet >/dev/null || die "Fathom needs the .NET 10 SDK to build: install it (https://dotnet.microsoft.com/download) and run this again."
    local version
    version=$(cd "$root" && dotnet --version 2>/dev/null) || version=none
    [[ ${version%%.*} =~ ^[0-9]+$ && ${version%%.*} -ge 10 ]] || die "Fathom needs the .NET 10 SDK to build; 'dotnet --version' says '$version'."
}

# Runs a command as the owner of the tree: build output must never belong to root in a tree that a person owns.
as_owner() {
    local owner
    owner=$(stat -c %U "$root")
    if [[ $EUID -eq 0 && $owner != root && $owner != UNKNOWN ]]; then
        runuser -u "$owner" -- env "HOME=$(getent passwd "$owner" | cut -d: -f6)" "PATH=$PATH" "$@"
    else
        "$@"
    fi
}

# Installs commands that are missing, given as COMMAND=PACKAGE, from the machine's own apt sources. Fails where that cannot be done;
# missing_packages then names what was needed.
install_commands() {
    local pair
    local -a missing=()
    missing_packages=
    for pair; do
        PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    (( ${#missing[@]} )) || return 0
    missing_packages=${missing[*]}
    (( EUID == 0 )) && command -v apt-get >/dev/null || return 1
    say "Installing from Debian: $missing_packages"
    as_owner mkdir -p "$artifacts"
    as_owner touch "$artifacts/apt.lock"
    # Guests that start side by side need the same: apt has a lock, and waits for nobody. Whatever it starts does not keep ours.
    flock --close "$artifacts/apt.lock" sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"' sh "${missing[@]}" \
        >"$artifacts/apt.log" 2>&1 || { say "That failed, see $artifacts/apt.log."; return 1; }
}

# True if something that the build reads is newer than a stamp.
is_stale() {
    local stamp=$1
    [[ -e $stamp ]] || return 0
    [[ -n $(find "$root/src" "$root/eng" "$root/Directory.Build.props" "$root/Directory.Packages.props" \
        -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.targets' \) -newer "$stamp" -print -quit) ]]
}

# Builds the native program into artifacts/native. Fails where the toolchain does not allow it; the log says why.
build_native() {
    command -v gcc >/dev/null || command -v clang >/dev/null || { echo "no C compiler (gcc or clang), which linking needs"; return 1; }
    as_owner dotnet publish "$root/src/Fathom.Cli" -c Release -r linux-x64 -p:AppTfm=net9.0 -o "$artifacts/native" -v quiet --nologo
}

# Builds the program for the .NET runtime into artifacts/jit.
build_jit() {
    as_owner dotnet publish "$root/src/Fathom.Cli" -c Release -o "$artifacts/jit" -v quiet --nologo
}

# Builds the program if its sources changed: native where that works, otherwise for the .NET runtime. Says which in artifacts/fathom.mode.
build_fathom() {
    is_stale "$artifacts/fathom.mode" || return 0
    require_dotnet
    as_owner mkdir -p "$artifacts"
    # Of several that start at once one builds. Servers that the build leaves behind do not keep the lock.
    as_owner touch "$artifacts/fathom.lock"
    flock --close "$artifacts/fathom.lock" bash -euo pipefail -c '. "$1"; build_stale_fathom' bash "$root/eng/common.sh"
}

build_stale_fathom() {
    local mode=$artifacts/fathom.mode log=$artifacts/fathom.log
    is_stale "$mode" || return 0
    say "Building fathom (first use, or its sources changed)..."
    local stamp
    stamp=$(as_owner mktemp "$artifacts/stamp.XXXXXX")
    if [[ ${FATHOM_JIT:-} != 1 ]] && build_native >"$log" 2>&1; then
        echo native
    elif build_jit >>"$log" 2>&1; then
        [[ ${FATHOM_JIT:-} == 1 ]] || say "No native program could be built here (see $log); using the .NET runtime: the same behaviour, a slower start."
        echo jit
    else
        rm -f "$stamp"
        tail -n 20 "$log" >&2
        die "fathom did not build; the whole log is in $log"
    fi >"$stamp"
    # The stamp keeps the time at which the build began: a source saved while it ran makes it stale.
    local began
    began=$(stat -c %W "$stamp")
    as_owner chmod 644 "$stamp"
    mv -f "$stamp" "$mode"
    [[ $began == 0 ]] || touch -d "@$began" "$mode"
}
