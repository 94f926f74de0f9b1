#!/usr/bin/env bash
# Sourced by the script tests: a temporary folder, and checks that say what they saw.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034  # the tests read it
readonly project
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# run COMMAND...: keeps its exit status in $status and all that it printed in $output.
run() {
    status=0
    output=$("$@" 2>&1) || status=$?
}

fail() {
    printf 'FAILED: %s\n' "$1"
    printf '  status %s, output:\n%s\n' "${status:-none}" "${output:-}"
    failures=$((failures + 1))
}

expect_status() {
    [ "$status" -eq "$1" ] || fail "$2: expected status $1"
}

expect_output() {
    case $output in
    *"$1"*) ;;
    *) fail "$2: expected '$1' in the output" ;;
    esac
}

expect_no_output() {
    case $output in
    *"$1"*) fail "$2: '$1' must not be in the output" ;;
    esac
}

finish() {
    if [ "$failures" -eq 0 ]; then
        echo "all expectations held"
    else
        echo "$failures expectations failed"
        exit 1
    fi
}
