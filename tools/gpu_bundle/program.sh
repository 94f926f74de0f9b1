#!/usr/bin/env bash
# Starts the bundle's program of this name with the libraries of the bundle.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
# shellcheck source=tools/gpu_bundle/environment.sh
source "$here/environment.sh"
own=$here/lib${DNAGPT_CUDA_LIBRARIES:+:$DNAGPT_CUDA_LIBRARIES}
LD_LIBRARY_PATH=$own${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$here/programs/${0##*/}" "$@"
