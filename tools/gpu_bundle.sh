#!/usr/bin/env bash
# Packs the built programs, the libraries that they need, tools, configs and data for a machine that
# has a GPU with its driver, Python, and nothing else of what INSTALL.md lists.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tools/gpu_bundle.sh [options]
  --programs DIR    folder of the built programs (default: build/cuda/bin)
  --output PATH     the bundle: a folder, or an archive where it ends in .tar.gz or .tar.xz
                    (default: build/gpu_bundle). .tar.xz is much smaller with many programs; where
                    there is no xz, `python3 -m tarfile -e` unpacks it
  --data NAME=DIR   a folder that comes along as data/NAME; may stand several times. run.sh looks for
                    shards and sets, or genomes and gsr
  --also PATTERN    more programs of DIR than dnagpt, dnagpt-prep and bench_kernels, such as
                    'ops_*_test'; may stand several times. run.sh tests runs the tests among them
  --limit MIB       most that the bundle may take (default: 56)
  --help            this text
In the bundle, run.sh --help says how it is started. CUDA's libraries stay outside, for their size:
run.sh looks for them where CUDA or Python's packages have put them. Build for the other machine's
CPU (-DDNAGPT_ARCH=x86-64-v3 fits most); its C library must not be older than this one's.
Exit status: 0 done, 1 failure, 2 wrong use.
TEXT
}

fail() {
    printf 'gpu_bundle.sh: %s\n' "$*" >&2
    exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
programs=$root/build/cuda/bin output=$root/build/gpu_bundle limit=56
patterns=(dnagpt dnagpt-prep bench_kernels)
data=()
while [ $# -gt 0 ]; do
    case $1 in
    --programs | --output | --data | --also | --limit)
        [ $# -ge 2 ] || { echo "$1 wants a value; see --help" >&2 && exit 2; }
        case $1 in
        --data) data+=("$2") ;;
        --also) patterns+=("$2") ;;
        *) printf -v "${1#--}" '%s' "$2" ;;
        esac
        shift 2
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *)
        echo "unknown option '$1'; see --help" >&2
        exit 2
        ;;
    esac
done
[[ $limit =~ ^[1-9][0-9]*$ ]] || { echo "--limit wants a number of MiB, not '$limit'" >&2 && exit 2; }
[ -x "$programs/dnagpt" ] || fail "there is no program $programs/dnagpt; build it, or give --programs"

# What the other machine has: the C library and the GPU's driver. What is too large to go along.
of_the_system='^(linux-vdso|ld-linux[^.]*|libc|libm|libmvec|libdl|libpthread|librt|libresolv|libutil|libnsl|libanl|libcuda|libnvidia-[^.]*)\.so'
of_cuda='^lib(cublas|cublasLt|cudnn[a-z_]*|nccl|cudart|curand|cufft|cusolver|cusparse|nvrtc[-a-z]*|nvJitLink)\.so'
declare -A libraries elsewhere

# needed FILE: a line "NAME PATH" for each library that a program or library needs.
needed() {
    ldd "$1" | sed -nE 's/^\t([^ ]+) => (not found|[^ ]+).*/\1 \2/p'
}

# collect FILE: notes in `libraries` and `elsewhere` what it needs.
collect() {
    local name path
    while read -r name path; do
        if [[ $name =~ $of_cuda ]]; then
            elsewhere[$name]=1
        elif [[ ! $name =~ $of_the_system ]]; then
            [ "$path" != "not found" ] || fail "$1 needs $name (it is not found here); mend the build"
            libraries[$name]=$path
        fi
    done < <(needed "$1")
}

# is_served FILE: whether everything that it needs is there without it.
is_served() {
    local name path
    while read -r name path; do
        [[ $name =~ $of_the_system || $name =~ $of_cuda || -n ${libraries[$name]:-} ]] || return 1
    done < <(needed "$1")
}

copy_programs() {
    local pattern path name
    mkdir -p "$folder/bin" "$folder/programs" "$folder/lib"
    for pattern in "${patterns[@]}"; do
        for path in "$programs"/$pattern; do
            [ -x "$path" ] || continue
            collect "$path"
            cp "$path" "$folder/programs/"
            cp "$root/tools/gpu_bundle/program.sh" "$folder/bin/${path##*/}"
        done
    done
    for name in "${!libraries[@]}"; do
        cp -L "${libraries[$name]}" "$folder/lib/$name"
    done
    printf '%s\n' "${!elsewhere[@]}" | sed '/^$/d' | LC_ALL=C sort >"$folder/elsewhere.txt"
}

# Open MPI loads parts of itself by name: those whose libraries are there anyway. The others serve
# networks and batch systems.
copy_open_mpi() {
    local plugin plugins help
    [ -n "${libraries[libmpi.so.40]:-}" ] || return 0
    command -v ompi_info >/dev/null || fail "there is no ompi_info; install Open MPI's programs"
    plugins=$(ompi_info --parsable --path pkglibdir | sed -n 's/^path:pkglibdir://p')
    help=$(ompi_info --parsable --path pkgdatadir | sed -n 's/^path:pkgdatadir://p')
    mkdir -p "$folder/openmpi/plugins" "$folder/openmpi/help"
    for plugin in "$plugins"/mca_*.so; do
        [ ! -f "$plugin" ] || ! is_served "$plugin" || cp -L "$plugin" "$folder/openmpi/plugins/"
    done
    for plugin in "$help"/help-*.txt; do
        [ ! -f "$plugin" ] || cp -L "$plugin" "$folder/openmpi/help/"
    done
}

copy_project() {
    local entry
    mkdir -p "$folder/tools" "$folder/configs" "$folder/data_prep" "$folder/tests"
    cp "$root"/tools/*.py "$folder/tools/"
    cp "$root"/configs/*.toml "$folder/configs/"
    cp "$root/data_prep/species.toml" "$folder/data_prep/"
    cp "$root"/tests/apps/{gpu_path_test,programs,small_runs}.py "$folder/tests/"
    cp "$root/tests/golden/small_model.h5" "$root/tools/gpu_bundle/run_tests.sh" "$folder/tests/"
    cp "$root/LICENSE" "$folder/"
    cp "$root/tools/gpu_bundle/run.sh" "$root/tools/gpu_bundle/environment.sh" "$folder/"
    chmod 755 "$folder/run.sh" "$folder"/bin/*
    for entry in "${data[@]}"; do
        [[ $entry == ?*=?* && -d ${entry#*=} ]] || fail "--data $entry names no folder; write NAME=DIR"
        mkdir -p "$folder/data/${entry%%=*}"
        cp -rL "${entry#*=}/." "$folder/data/${entry%%=*}/"
    done
    chmod -R u+w "$folder"
}

# check_size PATH: fails where a folder or file takes more than the limit.
check_size() {
    local bytes most=$((limit << 20))
    bytes=$(du -sb "$1" | cut -f 1)
    printf '%s: %d MiB of at most %d\n' "$output" $(((bytes + (1 << 20) - 1) >> 20)) "$limit"
    [ "$bytes" -gt "$most" ] || return 0
    (cd "$folder" && du -ab . | sort -rn | sed -n '2,12p') >&2
    fail "the bundle is larger than --limit $limit MiB (the largest parts stand above); leave some" \
        "out, make it an archive, or raise --limit"
}

if [ -e "$output" ] && [ -d "$output" ]; then
    [ -f "$output/elsewhere.txt" ] || fail "$output is no bundle (no elsewhere.txt); remove it yourself"
fi
mkdir -p "$(dirname "$output")"
work=$(mktemp -d "$(dirname "$output")/gpu_bundle.XXXXXX")
trap 'rm -rf "$work"' EXIT
folder=$work/gpu_bundle
copy_programs
copy_open_mpi
copy_project
case $output in
*.tar.gz | *.tar.xz)
    # The programs hold the same kernels: xz finds that where its window spans several of them.
    XZ_OPT=${XZ_OPT:---lzma2=preset=6,dict=128MiB} \
        tar -C "$work" -caf "$work/archive.${output##*.tar.}" gpu_bundle
    check_size "$work/archive.${output##*.tar.}"
    mv "$work/archive.${output##*.tar.}" "$output"
    ;;
*)
    check_size "$folder"
    rm -rf "$output"
    mv "$folder" "$output"
    ;;
esac
