#!/usr/bin/env bash
# Runs every test of a bundle and ends with a table; `run.sh tests` starts it.
set -euo pipefail
bundle=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DNAGPT_GOLDEN_MODEL=$bundle/tests/small_model.h5
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# check NAME COMMAND...: a line of the table; what a failed test printed last stands behind it.
check() {
    local name=$1 begin=$SECONDS status=0 verdict=FAILED
    shift
    timeout 300 "$@" >"$log" 2>&1 || status=$?
    case $status in
    0) grep -q "no GPU" "$log" && verdict=skipped || verdict=passed ;;
    77) verdict=skipped ;;
    *) failed=1 ;;
    esac
    printf '%-40s %-8s %4d s\n' "$name" "$verdict" $((SECONDS - begin))
    [ "$verdict" != FAILED ] || tail -n 40 "$log"
}

for test in "$bundle"/bin/*_test; do
    [ ! -x "$test" ] || check "${test##*/}" "$test"
done
check gpu_path "${PYTHON:-python3}" "$bundle/tests/gpu_path_test.py" "$bundle/bin/dnagpt" \
    "$bundle/bin/dnagpt-prep" mpiexec
exit "$failed"
