#!/usr/bin/env bash
# Builds the fuzz targets and runs each over its kept corpus for some seconds, two at a time or as
# many as there are cores. What a target finds is kept in build/fuzz/found.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tools/run_fuzzers.sh [options]
  --seconds N   seconds a target (default 5)
  --jobs N      targets at once (default: the number of cores)
  --only NAME   that target alone, such as fasta
  --help        this text
Exit status: 0 nothing found, 1 something found or not built, 77 clang is not there.
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
seconds=5 jobs=$(nproc) only=''
while [ $# -gt 0 ]; do
    case $1 in
    --seconds | --jobs | --only)
        [ $# -gt 1 ] || {
            usage >&2
            exit 2
        }
        printf -v "${1#--}" '%s' "$2"
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done
cd "$root"
out=build/fuzz

# Whether clang and its fuzzing runtime are there.
can_fuzz() {
    local folder status=0
    folder=$(mktemp -d)
    printf 'extern "C" int LLVMFuzzerTestOneInput(unsigned char const*, unsigned long) { return 0; }\n' \
        >"$folder/probe.cpp"
    clang++ -fsanitize=fuzzer,address,undefined "$folder/probe.cpp" -o "$folder/probe" 2>/dev/null ||
        status=1
    rm -rf "$folder"
    return "$status"
}

# run_target NAME SECONDS: new inputs go to build/fuzz/corpus, the kept ones are only read.
run_target() {
    local name=$1 log="build/fuzz/$1.log" status=0
    mkdir -p "build/fuzz/corpus/$name" build/fuzz/found
    "build/fuzz/bin/${name}_fuzz" -max_total_time="$2" -timeout=20 -rss_limit_mb=1024 \
        -malloc_limit_mb=1000000 -len_control=20 -artifact_prefix="build/fuzz/found/${name}_" \
        -print_final_stats=1 "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" \
        >"$log" 2>&1 || status=1
    if [ "$status" -eq 0 ]; then
        printf '%-16s %s\n' "$name" "$(grep -a -E '^#[0-9]+[[:space:]]+DONE' "$log")"
    else
        printf '%-16s FOUND something:\n' "$name"
        tail -n 40 "$log"
    fi
    return "$status"
}
export -f run_target

if ! can_fuzz; then
    echo "SKIPPED: clang++ with libFuzzer is not installed (Debian: clang libclang-rt-14-dev)"
    exit 77
fi
cmake --preset fuzz --log-level=NOTICE
cmake --build --preset fuzz -j "$jobs"
mapfile -t names < <(cd tests/fuzz && printf '%s\n' *_fuzz.cpp | sed 's/_fuzz\.cpp$//' |
    { grep -x -e "${only:-.*}" || true; })
[ "${#names[@]}" -gt 0 ] || {
    echo "there is no target '$only' in tests/fuzz" >&2
    exit 2
}
# A folder in memory: some targets write a file for each input.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# No allocation above 64 MiB succeeds: one of ours is found, a library must bear it.
export ASAN_OPTIONS=quarantine_size_mb=64:allocator_may_return_null=1:max_allocation_size_mb=64
printf '%s\n' "${names[@]}" | xargs -P "$jobs" -I '{}' bash -c 'run_target "$@"' _ '{}' "$seconds" || {
    echo "inputs that were found: $out/found; the target read one again with $out/bin/NAME_fuzz FILE"
    exit 1
}
