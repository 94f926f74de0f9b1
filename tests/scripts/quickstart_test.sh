#!/usr/bin/env bash
# tools/quickstart.sh in a copy of the project with stand-ins for CMake, mpirun and the programs:
# options, order of the stages, interruption and resumption, what a second run keeps.
# shellcheck disable=SC2016  # the stand-ins expand these
set -uo pipefail
# shellcheck source=tests/scripts/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

copy=$scratch/project
programs=$copy/build/release/bin
mkdir -p "$scratch/bin" "$programs" "$copy/tools" "$copy/configs" "$copy/data_prep" \
    "$copy/build/venv/bin"
cp "$project"/tools/{quickstart,install_packages}.sh "$copy/tools"
touch "$copy/configs/pretrain_tiny.toml" "$copy/data_prep/species.toml" "$copy/tools/requirements.txt"
cksum <"$copy/tools/requirements.txt" >"$copy/build/venv/requirements.sum"

# stand_in FILE BODY: a program that notes its call, then does BODY.
stand_in() {
    printf '#!/bin/bash\nprintf "%%s\\n" "${0##*/} $*" >>"$SCRATCH/calls"\n%s\n' "$2" >"$1"
    chmod +x "$1"
}
stand_in "$scratch/bin/cmake" ''
stand_in "$scratch/bin/mpirun" '[ -z "${OMP_NUM_THREADS:-}" ] || echo "threads $OMP_NUM_THREADS" >>"$SCRATCH/calls"; while [ "$1" != dnagpt ] && [ "$1" != dnagpt-prep ]; do shift; done; exec "$@"'
stand_in "$copy/build/venv/bin/python" 'case $1 in *summarise*) echo "the table" ;; esac'
stand_in "$programs/dnagpt-prep" ''
stand_in "$programs/dnagpt" '
[ "$1" != plan ] || {
    printf "ranks  threads  tokens/s\n    3        5       100\nlaunch: env OMP_NUM_THREADS=5 mpirun -n 3\n"
    exit 0
}
[ "$1" = pretrain ] || { [ "$1" = evaluate ] && touch "${!#}"; exit; }
folder=${3#run.folder=}
trap "exit 75" USR1
mkdir -p "$folder/checkpoints"
printf "every_steps = 3\n[schedule]\nsteps = 20\n" >"$folder/config.toml"
for step in $(seq $(($(wc -l <"$folder/metrics.jsonl" 2>/dev/null || echo 0) + 1)) 20); do
    echo "{\"loss\": 1.0, \"step\": $step}" >>"$folder/metrics.jsonl"
    sleep "${STEP_SECONDS:-0.1}"
done
exit "${RANKS_STATUS:-0}"'

export SCRATCH=$scratch PATH="$scratch/bin:$PATH" DNAGPT_PACKAGES=skip
quickstart=(bash "$copy/tools/quickstart.sh" --folder "$scratch/run")

run "${quickstart[@]}" --help
expect_status 0 "--help"
expect_output "section.key=value" "--help"
for wrong in "--unicorn" "--ranks 0" "--ranks" "--genomes $scratch/nowhere" "word"; do
    # shellcheck disable=SC2086  # an option and its value
    run "${quickstart[@]}" $wrong
    expect_status 2 "wrong use: $wrong"
done
[ ! -e "$scratch/run" ] || fail "wrong use must not make the folder"

run "${quickstart[@]}" batch.micro_batch=2
expect_status 0 "first run"
expect_output "exit status 75: run me again" "the run is interrupted"
expect_output "the table" "the run ends with the table"
expect_output "Loss plot: $scratch/run/loss.png" "the run names the plot"
run cat "$scratch/calls"
expect_output "dnagpt-prep synthesize --output $scratch/run/genomes" "synthetic genomes"
expect_output "dnagpt-prep shard --species $scratch/run/genomes/species.toml" "shards"
cores=$(env -u OMP_NUM_THREADS nproc)
expect_output "mpirun --oversubscribe --bind-to none -n $cores dnagpt-prep shard" "shards on all cores"
expect_output "data.shards=$scratch/run/shards batch.micro_batch=2" "settings reach the run"
expect_output "data.shards=$scratch/run/shards batch.micro_batch=2 --measure" "ranks are measured"
expect_output "mpirun -n 3 dnagpt pretrain" "the measured choice is used"
expect_output "threads 5" "with its threads"
[ "$(grep -c '^dnagpt pretrain' <<<"$output")" -eq 2 ] || fail "interrupted once, resumed once"
[ "$(wc -l <"$scratch/run/run/metrics.jsonl")" -eq 20 ] || fail "all steps were made"

rm "$scratch/calls"
run "${quickstart[@]}"
expect_status 0 "second run"
run cat "$scratch/calls"
expect_no_output "synthesize" "a second run keeps the genomes"
expect_no_output "evaluate" "a second run keeps the evaluation"
expect_no_output "--measure" "a second run keeps the choice of ranks"
expect_output "mpirun -n 3 dnagpt pretrain" "a second run uses it"
[ "$(grep -c '^dnagpt pretrain' <<<"$output")" -eq 1 ] || fail "a second run is not interrupted"

rm "$scratch/calls"
run "${quickstart[@]}" --ranks 2
run cat "$scratch/calls"
expect_output "-n 2 dnagpt pretrain" "--ranks goes before what was measured"

mkdir "$scratch/real"
run "${quickstart[@]}" --genomes "$scratch/real"
expect_status 2 "other genomes in the same folder"
expect_output "was made from other genomes" "other genomes in the same folder"
rm "$scratch/calls"
run "${quickstart[@]}" --genomes "$scratch/real" --clean
expect_status 0 "real genomes"
run cat "$scratch/calls"
expect_output "--species $copy/data_prep/species.toml --genomes $scratch/real" "real genomes"
expect_no_output "synthesize" "real genomes"

mkdir "$scratch/precious" && touch "$scratch/precious/thesis"
run bash "$copy/tools/quickstart.sh" --folder "$scratch/precious" --clean
expect_status 2 "--clean of a stranger's folder"
[ -e "$scratch/precious/thesis" ] || fail "--clean removed a folder that is not its own"

run env RANKS_STATUS=1 STEP_SECONDS=0 "${quickstart[@]}" --clean
expect_status 1 "failed training"
expect_no_output "the table" "failed training"

finish
