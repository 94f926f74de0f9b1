#!/usr/bin/env bash
# Runs the study, the benchmark, the tests or any command with the programs of this bundle.
set -euo pipefail
bundle=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat <<'TEXT'
Usage: run.sh study --work DIR [options of tools/gpu_study.py, such as --until survey]
       run.sh bench [options of tools/bench_training.py, such as --context 4096 --vocabulary fixed]
       run.sh tests            the bundle's tests, one after another
       run.sh COMMAND ...      with the bundle's programs first in PATH, e.g. run.sh dnagpt --version
The study takes data/shards and data/sets of the bundle, or makes them of data/genomes and data/gsr;
the benchmark runs on the GPU (--device cuda).
PYTHON: the interpreter (default: python3), which needs numpy, scipy, matplotlib, h5py, scikit-learn
and, for the benchmark, torch. DNAGPT_CUDA_LIBRARIES: folders of CUDA's libraries, see environment.sh.
TEXT
}

# data_option OPTION NAME: the option with the folder data/NAME, where it is there.
data_option() {
    [ ! -d "$bundle/data/$2" ] || options+=("$1" "$bundle/data/$2")
}

case ${1:---help} in
--help | -h)
    usage
    exit 0
    ;;
esac
# shellcheck source=tools/gpu_bundle/environment.sh
source "$bundle/environment.sh"
export PATH=$bundle/bin:$PATH
command=$1
options=()
shift
case $command in
study)
    data_option --shards shards
    data_option --sets sets
    options+=(--data "$bundle/data" --dnagpt "$bundle/bin/dnagpt")
    set -- "${PYTHON:-python3}" "$bundle/tools/gpu_study.py" "${options[@]}" "$@"
    ;;
bench)
    data_option --shards shards
    options+=(--device cuda --programs "$bundle/bin")
    set -- "${PYTHON:-python3}" "$bundle/tools/bench_training.py" "${options[@]}" "$@"
    ;;
tests) set -- bash "$bundle/tests/run_tests.sh" ;;
*) set -- "$command" "$@" ;;
esac
exec "$@"
