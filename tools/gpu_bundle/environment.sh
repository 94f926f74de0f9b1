#!/usr/bin/env bash
# Sourced in a bundle of tools/gpu_bundle.sh: lets its programs find their libraries and Open MPI's
# parts wherever the bundle lies. DNAGPT_CUDA_LIBRARIES: folders with CUDA's libraries, separated by
# colons, where they are neither among Python's packages, which come first so that a benchmark beside
# PyTorch compares with the same libraries, nor in /usr/local/cuda.

bundle=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Folders that may hold CUDA's libraries, one a line.
cuda_folders() {
    tr ':' '\n' <<<"${DNAGPT_CUDA_LIBRARIES:-}"
    "${PYTHON:-python3}" -c 'import glob, nvidia
for folder in nvidia.__path__: print(*glob.glob(folder + "/*/lib"), sep="\n")' 2>/dev/null || true
    printf '%s\n' /usr/local/cuda/lib64 /usr/local/cuda/targets/x86_64-linux/lib
}

# Notes in DNAGPT_CUDA_LIBRARIES where the libraries of elsewhere.txt are; says which are not there.
find_cuda_libraries() {
    local library folder folders found=''
    [ -s "$bundle/elsewhere.txt" ] || return 0
    mapfile -t folders < <(cuda_folders | sed '/^$/d')
    while read -r library; do
        for folder in "${folders[@]}"; do
            if [ -e "$folder/$library" ]; then
                [[ $found: == *":$folder:"* ]] || found+=:$folder
                continue 2
            fi
        done
        if ! ldconfig -p 2>/dev/null | grep -F "$library " >/dev/null; then
            echo "$library is not found (it is no part of the bundle, and not in ${folders[*]}); name" \
                "its folder in DNAGPT_CUDA_LIBRARIES" >&2
            return 1
        fi
    done <"$bundle/elsewhere.txt"
    export DNAGPT_CUDA_LIBRARIES=${found#:}
}

# Open MPI as a world of one needs neither its launcher nor a network.
find_open_mpi() {
    export OPAL_PREFIX=$bundle/openmpi OPAL_PKGLIBDIR=$bundle/openmpi/plugins
    export OPAL_PKGDATADIR=$bundle/openmpi/help OPAL_SYSCONFDIR=$bundle/openmpi
    export OMPI_MCA_mca_base_component_path=$bundle/openmpi/plugins
    if [ -z "${OMPI_COMM_WORLD_SIZE:-}" ]; then
        export OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self
    fi
}

if [ "${DNAGPT_BUNDLE:-}" != "$bundle" ]; then
    find_cuda_libraries || exit 1
    find_open_mpi
    export DNAGPT_BUNDLE=$bundle
fi
