#!/usr/bin/env bash
# Prints the mangled names of Names.cpp and Names.rs, each with what c++filt (binutils) makes of it; needs g++, rustc, nm and c++filt.
# The right sides in Names.pairs are what Demangler gives. They were compared with c++filt's once; they differ where we write less:
# std::ostream instead of std::basic_ostream<char, ...>, nullptr instead of (decltype(nullptr))0, no hashes and types of constants in Rust,
# letters of other scripts instead of their escapes, `> >` always; and c++filt 2.40 cannot read a conversion template to a template.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
g++ -std=c++20 -O0 -c -o "$work/cpp.o" "$here/Names.cpp"
rustc -O -C symbol-mangling-version=v0 -o "$work/v0" "$here/Names.rs"
rustc -O -o "$work/legacy" "$here/Names.rs"
nm "$work/cpp.o" | awk '{ print $NF }' | grep '^_Z' | sort -u >"$work/names"
nm "$work/v0" "$work/legacy" | awk '{ print $NF }' | grep -E '^_R.*_6sample|^_ZN.*6sample' | sort -u >>"$work/names"
paste "$work/names" <(c++filt <"$work/names")
