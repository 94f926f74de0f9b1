#!/usr/bin/env bash
# tools/install_packages.sh, with stand-ins for dpkg-query, apt-get, sudo and id.
# shellcheck disable=SC2016  # the inner shells expand these
set -uo pipefail
# shellcheck source=tests/scripts/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

# stand_in NAME BODY: a program NAME at the head of PATH.
stand_in() {
    printf '#!/bin/bash\n%s\n' "$2" >"$scratch/bin/$1"
    chmod +x "$scratch/bin/$1"
}

# require programs|tests: the function under test in a shell of its own, standard input not a terminal.
require() {
    run env PATH="$scratch/bin:$PATH" SCRATCH="$scratch" bash -euo pipefail -c \
        'source "$1"; dnagpt_require_packages "$2"; echo went on' _ \
        "$project/tools/install_packages.sh" "$@" </dev/null
}

mkdir "$scratch/bin"
stand_in dpkg-query 'grep -qx "${!#}" "$SCRATCH/absent" || printf installed'
stand_in apt-get 'echo "apt-get $*" >>"$SCRATCH/calls"; exit "$(cat "$SCRATCH/apt_status")"'
stand_in sudo 'exit 1'
stand_in id 'echo 0'
echo 0 >"$scratch/apt_status"

: >"$scratch/absent"
require programs
expect_status 0 "everything is there"
expect_output "went on" "everything is there"
[ ! -e "$scratch/calls" ] || fail "apt-get must not be called when nothing is missing"

printf 'libhts-dev\nninja-build\nshellcheck\n' >"$scratch/absent"
require programs
expect_status 0 "root installs"
run cat "$scratch/calls"
expect_output "install --no-install-recommends ninja-build libhts-dev" "root installs what is missing"
expect_no_output "shellcheck" "the programs alone do not need the packages of the tests"

require tests
run cat "$scratch/calls"
expect_output "shellcheck" "the tests need their packages"

echo 100 >"$scratch/apt_status"
require programs
expect_status 2 "apt-get fails"
expect_output "apt-get update failed" "apt-get fails"

stand_in id 'echo 1000'
rm "$scratch/calls"
require programs
expect_status 2 "neither root nor sudo"
expect_output "apt-get install --no-install-recommends ninja-build libhts-dev" "it lists what is missing"
expect_no_output "went on" "neither root nor sudo"
[ ! -e "$scratch/calls" ] || fail "without rights apt-get must not be called"

run env DNAGPT_PACKAGES=skip PATH="$scratch/bin:$PATH" SCRATCH="$scratch" bash -c \
    'source "$1"; dnagpt_require_packages programs; echo went on' _ "$project/tools/install_packages.sh"
expect_output "went on" "DNAGPT_PACKAGES=skip"

# Another system: no dpkg-query and no apt-get, a compiler that finds two headers only.
mkdir "$scratch/other"
for program in bash env cat grep printf; do
    ln -s "$(command -v "$program")" "$scratch/other/$program"
done
printf '#!/bin/bash\ngrep -qE "hdf5.h|zlib.h"\n' >"$scratch/other/c++"
chmod +x "$scratch/other/c++"
run env PATH="$scratch/other" CXX=c++ bash -c 'source "$1"; dnagpt_require_packages programs; echo went on' _ \
    "$project/tools/install_packages.sh"
expect_status 2 "another system"
expect_output "program mpirun" "another system lists programs"
expect_output "header Kokkos_Core.hpp" "another system lists headers"
expect_no_output "header hdf5.h" "a header that is there is not listed"
expect_no_output "program c++" "a program that is there is not listed"

finish
