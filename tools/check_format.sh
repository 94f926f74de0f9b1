#!/usr/bin/env bash
# Compares every C++ source with .clang-format; `--fix` rewrites what differs.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/find_sources.sh
source "$root/tools/find_sources.sh"
cd "$root"

mode=(--dry-run -Werror)
case ${1:-} in
'') ;;
--fix) mode=(-i) ;;
*)
    echo "Usage: tools/check_format.sh [--fix]" >&2
    exit 2
    ;;
esac
command -v clang-format >/dev/null || {
    echo "clang-format is not installed; Debian's package is clang-format" >&2
    exit 2
}
mapfile -t files < <(dnagpt_cpp_files)
echo "${#files[@]} files"
clang-format "${mode[@]}" "${files[@]}"
