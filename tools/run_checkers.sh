#!/usr/bin/env bash
# Looks for races and for wrong uses of memory: ThreadSanitizer over what threads share, valgrind
# over a tiny training. Both without the MPI launcher, whose library they cannot see into.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tools/run_checkers.sh threads|memory [--jobs N]
  threads   builds the preset `tsan` and runs its tests, one process each
  memory    builds the programs for x86-64-v3 and runs valgrind over shards, training and resuming
Exit status: 0 nothing found, 1 something found or not built, 77 the checker is not there.
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
checker=${1:-} jobs=$(nproc)
[ "${2:-}" != --jobs ] || jobs=${3:?--jobs wants a number}
cd "$root"

check_threads() {
    local test status=0
    cmake --preset tsan --log-level=NOTICE
    cmake --build --preset tsan -j "$jobs"
    export TSAN_OPTIONS="halt_on_error=1 suppressions=$root/tests/tsan_suppressions.txt"
    for test in build/tsan/bin/*_test; do
        echo "--- $(basename "$test")"
        "$test" --gtest_brief=1 || status=1
    done
    return "$status"
}

under_valgrind() {
    valgrind --quiet --error-exitcode=9 --leak-check=no "${suppressions[@]}" "$@"
}

check_memory() {
    command -v valgrind >/dev/null || {
        echo "SKIPPED: valgrind is not installed"
        return 77
    }
    local bin=build/valgrind/bin work known=${OPAL_PREFIX:-/usr}/share/openmpi/openmpi-valgrind.supp
    cmake --preset release -B build/valgrind --log-level=NOTICE -DDNAGPT_ARCH=x86-64-v3 -DCMAKE_CXX_FLAGS=-g1
    cmake --build build/valgrind -j "$jobs" --target dnagpt dnagpt-prep
    suppressions=()
    [ ! -e "$known" ] || suppressions=("--suppressions=$known")
    work=$(mktemp -d)
    cat >"$work/tiny.toml" <<'TOML'
[model]
layers = 1
heads = 2
channels = 16
context_length = 32
[batch]
tokens_per_step = 128
micro_batch = 2
[schedule]
steps = 4
[checkpoint]
every_steps = 2
[evaluation]
every_steps = 2
windows_per_species = 1
TOML
    local train=("$bin/dnagpt" pretrain "$work/tiny.toml" run.folder="$work/run" data.shards="$work/shards")
    local status=0
    under_valgrind "$bin/dnagpt-prep" synthesize --output "$work/genomes" --size-factor 0.02 &&
        under_valgrind "$bin/dnagpt-prep" shard --species "$work/genomes/species.toml" --output "$work/shards" &&
        under_valgrind "${train[@]}" schedule.steps=2 && under_valgrind "${train[@]}" &&
        under_valgrind "$bin/dnagpt" inspect "$work/run/checkpoints/step_00000004.h5" >/dev/null || status=1
    rm -rf "$work"
    return "$status"
}

case $checker in
threads) check_threads ;;
memory) check_memory ;;
--help | -h) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
