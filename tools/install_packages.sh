#!/usr/bin/env bash
# Sourced by quickstart.sh and run_tests.sh: what the machine must have, and how it gets it.
#
#   dnagpt_require_packages programs|tests
#       returns when everything is there; installs what is missing on Debian (root or sudo);
#       otherwise lists what is missing and exits 2. DNAGPT_PACKAGES=skip leaves the check out.
#   dnagpt_python_environment FOLDER REQUIREMENTS
#       a Python environment in FOLDER that holds REQUIREMENTS; made again only when they change.

dnagpt_build_packages=(
    g++ cmake ninja-build ccache pkg-config libopenmpi-dev openmpi-bin libhdf5-dev
    libtrilinos-kokkos-dev libdnnl-dev libtomlplusplus-dev libcli11-dev libspdlog-dev libfmt-dev
    nlohmann-json3-dev libxxhash-dev libhts-dev zlib1g-dev python3 python3-venv
)
dnagpt_test_packages=(
    libgtest-dev libbenchmark-dev shellcheck clang-format clang-tidy clang libclang-rt-14-dev curl
    slurm-wlm munge
)

# Where there is no dpkg: the commands and the headers that stand for the packages above.
dnagpt_build_commands=(c++ cmake ninja pkg-config mpirun mpicxx python3)
dnagpt_test_commands=(shellcheck clang-format curl)
dnagpt_build_headers=(hdf5.h Kokkos_Core.hpp dnnl.hpp toml++/toml.h CLI/CLI.hpp spdlog/spdlog.h
    fmt/core.h nlohmann/json.hpp xxhash.h htslib/faidx.h zlib.h)
dnagpt_test_headers=(gtest/gtest.h benchmark/benchmark.h)

dnagpt_fail() {
    printf '%s\n' "$*" >&2
    exit 2
}

dnagpt_missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s\n' "$package"
    done
}

dnagpt_has_header() {
    local flags=() prefix
    IFS=: read -r -a prefixes <<<"${CMAKE_PREFIX_PATH:-}:${Kokkos_ROOT:-}"
    for prefix in "${prefixes[@]}"; do
        [ -z "$prefix" ] || flags+=("-I$prefix/include")
    done
    printf '#include <%s>\n' "$1" | "${CXX:-c++}" -std=c++20 "${flags[@]}" -E -x c++ - \
        >/dev/null 2>&1
}

dnagpt_missing_programs_and_headers() {
    local name commands=("${dnagpt_build_commands[@]}") headers=("${dnagpt_build_headers[@]}")
    if [ "$1" = tests ]; then
        commands+=("${dnagpt_test_commands[@]}")
        headers+=("${dnagpt_test_headers[@]}")
    fi
    for name in "${commands[@]}"; do
        command -v "$name" >/dev/null 2>&1 || printf 'program %s\n' "$name"
    done
    for name in "${headers[@]}"; do
        dnagpt_has_header "$name" || printf 'header %s\n' "$name"
    done
}

# The command that gains root's rights: empty for root, `sudo` where it may be used.
dnagpt_elevation() {
    if [ "$(id -u)" -eq 0 ]; then
        printf ''
    elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        printf 'sudo'
    else
        return 1
    fi
}

dnagpt_require_debian_packages() {
    local packages=("${dnagpt_build_packages[@]}") missing elevation
    [ "$1" != tests ] || packages+=("${dnagpt_test_packages[@]}")
    mapfile -t missing < <(dnagpt_missing_packages "${packages[@]}")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! elevation=$(dnagpt_elevation); then
        dnagpt_fail "Debian packages are missing (this account is not root and may not use sudo); \
ask for:
  apt-get install --no-install-recommends ${missing[*]}
or provide them another way (see INSTALL.md) and set DNAGPT_PACKAGES=skip"
    fi
    printf 'Installing %d Debian packages: %s\n' "${#missing[@]}" "${missing[*]}"
    $elevation env DEBIAN_FRONTEND=noninteractive apt-get -q update ||
        dnagpt_fail "apt-get update failed (network or package sources); see its message above"
    $elevation env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y install --no-install-recommends "${missing[@]}" ||
        dnagpt_fail "apt-get install failed; see its message above"
}

dnagpt_require_packages() {
    [ "${DNAGPT_PACKAGES:-}" != skip ] || return 0
    if command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then
        dnagpt_require_debian_packages "$@"
        return 0
    fi
    local missing
    missing=$(dnagpt_missing_programs_and_headers "$@")
    [ -z "$missing" ] || dnagpt_fail "This is not a Debian system, and these are missing:
$missing
INSTALL.md says how to get them with Spack or modules. If they are there but not found here,
set CMAKE_PREFIX_PATH (and Kokkos_ROOT), or DNAGPT_PACKAGES=skip to try all the same."
}

dnagpt_python_environment() {
    local folder=$1 requirements=$2 wanted
    wanted=$(cat "$(dirname "$requirements")"/requirements*.txt | cksum)
    if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/requirements.sum" 2>/dev/null)" = "$wanted" ]
    then
        return 0
    fi
    printf 'Making the Python environment %s\n' "$folder"
    rm -rf "$folder"
    python3 -m venv "$folder" || return 1
    "$folder/bin/python" -m pip --disable-pip-version-check install -q -r "$requirements" || return 1
    printf '%s\n' "$wanted" >"$folder/requirements.sum"
}

# As root Open MPI must be told that this is meant; one thread a rank; ranks may share few cores.
dnagpt_mpi_environment() {
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
    if [ "$(id -u)" -eq 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
}
