#!/usr/bin/env bash
# Builds the tests, runs them and the checks of the sources, and ends with a summary.
# shellcheck disable=SC2317  # `check` calls the functions by name
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tools/run_tests.sh [options]
  --long          also run the tests labelled `long`, and the campaigns of faults, Slurm and fuzzing in
                  full (DNAGPT_LONG=1; hours), and the programs' tests with sanitizers
  --no-sanitize   leave out the builds with AddressSanitizer and UndefinedBehaviorSanitizer, and with
                  them the fuzz targets (5 s each; with --long 10 minutes each), ThreadSanitizer and
                  valgrind (with --long)
  --only-sanitize run nothing but that build
  --tidy          also run clang-tidy (slow)
  --torch         also compare with PyTorch, which is installed for it (some gigabytes)
  --jobs N        processes at once (default: the number of cores)
  --help          this text
DNAGPT_DATA_DIR   folder with the real data; tests that need it are skipped when it is unset
DNAGPT_PACKAGES   `skip`: do not look for Debian packages
Exit status: 0 all passed, 1 something failed, 2 wrong use or something is missing.
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/install_packages.sh
source "$root/tools/install_packages.sh"
# shellcheck source=tools/find_sources.sh
source "$root/tools/find_sources.sh"

long=0 sanitize=1 plain=1 tidy=0 torch=0 jobs=$(nproc)
while [ $# -gt 0 ]; do
    case $1 in
    --long) long=1 ;;
    --no-sanitize) sanitize=0 ;;
    --only-sanitize) plain=0 ;;
    --tidy) tidy=1 ;;
    --torch) torch=1 ;;
    --jobs)
        jobs=${2:?--jobs wants a number}
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *)
        usage >&2
        dnagpt_fail "unknown option '$1'"
        ;;
    esac
    shift
done

cd "$root"
left_out=long
[ "$long" -eq 0 ] || { left_out='^$' && export DNAGPT_LONG=1; }
summary=()
failed=0
fuzz_seconds=5
[ "$long" -eq 0 ] || fuzz_seconds=600

# check NAME COMMAND...: runs it, notes PASS, FAIL or (status 77) SKIPPED, and how long it took.
check() {
    local name=$1 begin=$SECONDS status=0 verdict
    shift
    printf '\n=== %s\n' "$name"
    "$@" || status=$?
    case $status in
    0) verdict=PASS ;;
    77) verdict=SKIPPED ;;
    *)
        verdict="FAIL (status $status)"
        failed=1
        ;;
    esac
    summary+=("$(printf '%-28s %-16s %5d s' "$name" "$verdict" $((SECONDS - begin)))")
    [ "$status" -eq 0 ] || [ "$status" -eq 77 ]
}

build_tests() {
    cmake --preset tests --log-level=NOTICE && cmake --build --preset tests -j "$jobs"
}

# Which of the backends for GPUs were compiled and linked with their tests.
check_gpu_backends() {
    local name missing=() tests=(ops_gemm_cublaslt comm_device_collectives_nccl ops_attention_cudnn)
    for name in "${tests[@]}"; do
        [ -x "build/tests/bin/${name}_test" ] || missing+=("$name")
    done
    [ "${#missing[@]}" -gt 0 ] || {
        echo "all are there: ${tests[*]}"
        return 0
    }
    echo "SKIPPED: ${missing[*]} (the CUDA Toolkit, NCCL or cuDNN is not there, see INSTALL.md)"
    return 77
}

run_ctest() {
    ctest --preset tests -j "$jobs" -LE "$left_out"
}

# The rooms whose tests the sanitizers see. Leaks are looked for in those that do not start MPI: Open
# MPI's plug-ins leave memory behind and are unloaded, so that no suppression can name them. The test
# of dnagpt-prep starts MPI too.
rooms_without_mpi='core|config|io|genome|data'
rooms_with_mpi='comm|device|ops|model|checkpoint|eval|train'
programs=()
[ "$long" -eq 0 ] || rooms_with_mpi+='|apps' programs=(dnagpt dnagpt-prep)
tests_with_mpi="^($rooms_with_mpi)\\.|^data\\.prep_program\$"
# Of a test that runs at one, two and four ranks, the sanitizers see the one at two.
other_worlds='\.np[14]$'

build_sanitized() {
    local targets
    cmake --preset asan --log-level=NOTICE || return 1
    mapfile -t targets < <(ninja -C build/asan -t targets all |
        sed -nE "s/^(($rooms_without_mpi|$rooms_with_mpi)_[a-z0-9_]+_test): phony\$/\1/p")
    [ "${#targets[@]}" -gt 0 ] || {
        echo "no test target found in build/asan" >&2
        return 1
    }
    cmake --build build/asan -j "$jobs" --target "${targets[@]}" "${programs[@]}"
}

run_sanitized() {
    local leaks=1 status=0
    if ! leaks_can_be_found; then
        echo "SKIPPED: leak detection (this machine does not let LeakSanitizer trace)"
        leaks=0
    fi
    export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    ASAN_OPTIONS=detect_leaks=$leaks \
        ctest --preset asan -j "$jobs" -R "^($rooms_without_mpi)\\." -E "$tests_with_mpi" \
        -LE "$left_out" || status=1
    ASAN_OPTIONS=detect_leaks=0 \
        ctest --preset asan -j "$jobs" -R "$tests_with_mpi" -E "$other_worlds" -LE "$left_out" || status=1
    return "$status"
}

leaks_can_be_found() {
    local folder status=0
    folder=$(mktemp -d)
    printf 'int main() { return 0; }\n' >"$folder/probe.cpp"
    "${CXX:-c++}" -fsanitize=address "$folder/probe.cpp" -o "$folder/probe" &&
        ASAN_OPTIONS=detect_leaks=1 "$folder/probe" >/dev/null 2>&1 || status=1
    rm -rf "$folder"
    return "$status"
}

run_shellcheck() {
    local files
    mapfile -t files < <(dnagpt_shell_files)
    echo "${#files[@]} files"
    shellcheck -x "${files[@]}"
}

run_tidy() {
    command -v clang-tidy >/dev/null || {
        echo "SKIPPED: clang-tidy is not installed"
        return 77
    }
    dnagpt_cpp_files | grep -E '^\./(src|data_prep)/.*\.cpp$' | grep -vE 'cublaslt|cudnn|nccl' |
        xargs -P "$jobs" -n 4 clang-tidy -p build/tests --quiet --extra-arg=-Wno-unknown-warning-option \
            --extra-arg=-fconstexpr-steps=10000000
}

python_ready=0
make_python_environment() {
    [ -f tools/requirements-tests.txt ] || {
        echo "SKIPPED: tools/requirements-tests.txt is not there"
        return 77
    }
    dnagpt_python_environment build/venv-tests tools/requirements-tests.txt || {
        echo "the packages of tools/requirements-tests.txt could not be installed (no network?)"
        return 1
    }
    python_ready=1
    [ "$torch" -eq 0 ] || build/venv-tests/bin/python -m pip --disable-pip-version-check install -q \
        -r tools/requirements-torch.txt || {
        echo "the packages of tools/requirements-torch.txt could not be installed (no network?)"
        return 1
    }
}

# The backends for GPUs are compiled and linked wherever CUDA's libraries are; cuDNN's needs headers
# of PyPI beside them.
has_cuda() {
    [ -e "${CUDA_HOME:-/usr/local/cuda}/include/cublasLt.h" ] || command -v nvcc >/dev/null
}

get_cuda_headers() {
    has_cuda || {
        echo "SKIPPED: no CUDA Toolkit on this machine"
        return 77
    }
    local folder=build/cudnn_frontend wanted
    wanted=$(cat tools/requirements-cuda.txt)
    [ "$(cat "$folder/requirements.txt" 2>/dev/null)" != "$wanted" ] || return 0
    rm -rf "$folder"
    build/venv-tests/bin/python -m pip --disable-pip-version-check install -q --no-deps \
        --target "$folder" -r tools/requirements-cuda.txt || {
        echo "the packages of tools/requirements-cuda.txt could not be installed (no network?)"
        return 1
    }
    printf '%s\n' "$wanted" >"$folder/requirements.txt"
}

run_ruff() {
    [ "$python_ready" -eq 1 ] || {
        echo "SKIPPED: no Python environment"
        return 77
    }
    local files
    mapfile -t files < <(dnagpt_python_files)
    build/venv-tests/bin/ruff check "${files[@]}"
}

run_pytest() {
    [ "$python_ready" -eq 1 ] || {
        echo "SKIPPED: no Python environment"
        return 77
    }
    [ -n "$(find tests/tools -name '*_test.py' 2>/dev/null)" ] || {
        echo "SKIPPED: there is no tests/tools/*_test.py"
        return 77
    }
    local status=0
    build/venv-tests/bin/python -m pytest -q -rs -p no:cacheprovider -n "$jobs" tests/tools || status=$?
    return "$status"
}

close() {
    printf '\n=== Summary\n'
    printf '%s\n' "${summary[@]}"
    [ -n "${DNAGPT_DATA_DIR:-}" ] ||
        echo "SKIPPED: tests with real data (DNAGPT_DATA_DIR is not set)"
    [ "$long" -eq 1 ] || echo "SKIPPED: tests labelled long and full campaigns (--long runs them)"
    build/venv-tests/bin/python -c 'import torch' 2>/dev/null ||
        echo "SKIPPED: comparisons with PyTorch (--torch runs them)"
    has_cuda || echo "SKIPPED: the backends for GPUs are not compiled (no CUDA Toolkit)"
    nvidia-smi -L >/dev/null 2>&1 || echo "SKIPPED: tests on a GPU (none here; label gpu)"
    [ "$sanitize" -eq 1 ] || echo "SKIPPED: sanitizers and fuzz targets (--no-sanitize)"
    if [ "$failed" -eq 0 ]; then
        echo "All checks passed in $SECONDS s."
    else
        echo "Some checks FAILED ($SECONDS s)."
    fi
    exit "$failed"
}

[ "$long" -eq 0 ] || dnagpt_test_packages+=(valgrind)
dnagpt_require_packages tests
dnagpt_mpi_environment

if [ "$plain" -eq 1 ]; then
    check "layers and fences" python3 tools/check_layers.py || true
    check "shellcheck" run_shellcheck || true
    check "clang-format" bash tools/check_format.sh || true
    check "Python environment" make_python_environment || true
    check "ruff" run_ruff || true
    check "headers for the GPU backends" get_cuda_headers || true
    if check "build of the tests" build_tests; then
        check "GPU backends" check_gpu_backends || true
        check "CTest" run_ctest || true
        check "pytest" run_pytest || true
        [ "$tidy" -eq 0 ] || check "clang-tidy" run_tidy || true
    fi
fi
[ "$sanitize" -eq 0 ] ||
    check "fuzz targets" tools/run_fuzzers.sh --seconds "$fuzz_seconds" --jobs "$jobs" || true
if [ "$sanitize" -eq 1 ] && check "build with sanitizers" build_sanitized; then
    check "CTest with sanitizers" run_sanitized || true
fi
if [ "$sanitize" -eq 1 ] && [ "$long" -eq 1 ]; then
    check "ThreadSanitizer" tools/run_checkers.sh threads --jobs "$jobs" || true
    check "valgrind" tools/run_checkers.sh memory --jobs "$jobs" || true
fi
close
