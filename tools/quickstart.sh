#!/usr/bin/env bash
# From nine genomes to a trained, interrupted, resumed and evaluated model, on as many MPI
# ranks and threads as are fastest here.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tools/quickstart.sh [options] [section.key=value ...]
  --genomes DIR  real FASTA files (homo_sapiens*.fa.gz, ...; see data_prep/species.toml), or your
                 own with a DIR/species.toml; default: nine small synthetic genomes
  --folder DIR   where everything is written (default: quickstart_run)
  --config FILE  settings of the run (default: configs/pretrain_tiny.toml)
  --ranks N      MPI ranks (default: measured, see dnagpt plan --measure)
  --clean        remove what an earlier quickstart left in the folder, then start
  --help         this text
section.key=value overrides a setting of the run, e.g. schedule.steps=50.
A second run keeps every finished stage. DNAGPT_PACKAGES=skip: do not look for Debian packages.
Exit status: 0 done, 1 failure, 2 wrong use or something is missing.
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/install_packages.sh
source "$root/tools/install_packages.sh"

genomes='' folder=quickstart_run config=$root/configs/pretrain_tiny.toml ranks='' clean=0
settings=()
while [ $# -gt 0 ]; do
    case $1 in
    --genomes | --folder | --config | --ranks)
        [ $# -ge 2 ] || dnagpt_fail "$1 wants a value; see --help"
        printf -v "${1#--}" '%s' "$2"
        shift 2
        ;;
    --clean)
        clean=1
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    -*) dnagpt_fail "unknown option '$1'; see --help" ;;
    *.*=*)
        settings+=("$1")
        shift
        ;;
    *) dnagpt_fail "'$1' is neither an option nor section.key=value; see --help" ;;
    esac
done
[[ $ranks =~ ^([1-9][0-9]*)?$ ]] || dnagpt_fail "--ranks wants a number of 1 or more, not '$ranks'"
[ -f "$config" ] || dnagpt_fail "no configuration file '$config'"
config=$(realpath "$config")
if [ -n "$genomes" ]; then
    [ -d "$genomes" ] || dnagpt_fail "--genomes: no folder '$genomes'"
    genomes=$(realpath "$genomes")
fi

# The stages, in this order; each says what it does and keeps what is already there.
stage_number=0
stage_count=8
job_seconds=0
stage() {
    stage_number=$((stage_number + 1))
    stage_begin=$SECONDS
    printf '\n[%d/%d] %s\n' "$stage_number" "$stage_count" "$1"
}
stage_ends() {
    local seconds=$((SECONDS - stage_begin))
    job_seconds=$((job_seconds + seconds))
    printf '      %d s\n' "$seconds"
}

prepare_folder() {
    if [ "$clean" -eq 1 ] && [ -e "$folder" ]; then
        [ -f "$folder/genomes_from" ] ||
            dnagpt_fail "--clean: '$folder' was not made by quickstart (no file genomes_from); remove it yourself"
        rm -rf "$folder"
    fi
    mkdir -p "$folder"
    folder=$(realpath "$folder")
    local source=${genomes:-synthetic}
    if [ -f "$folder/genomes_from" ] && [ "$(cat "$folder/genomes_from")" != "$source" ]; then
        dnagpt_fail "'$folder' was made from other genomes ($(cat "$folder/genomes_from")); \
give another --folder, or --clean to start again"
    fi
    printf '%s\n' "$source" >"$folder/genomes_from"
}

build_programs() {
    cmake --preset release -S "$root" --log-level=NOTICE
    cmake --build "$root/build/release"
    export PATH="$root/build/release/bin:$PATH"
    dnagpt_python_environment "$root/build/venv" "$root/tools/requirements.txt" ||
        dnagpt_fail "the packages of tools/requirements.txt could not be installed (see above; no network?)"
}

# nproc would answer OMP_NUM_THREADS where that is set.
cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)

# One rank a core for data preparation, and until the choice for training is made.
choose_launcher() {
    dnagpt_mpi_environment
    export DNAGPT_LAUNCH=${DNAGPT_LAUNCH:-mpirun --oversubscribe --bind-to none}
    read -r -a launcher <<<"$DNAGPT_LAUNCH -n ${ranks:-$cores}"
}

# The fastest ranks x threads for this run's settings, measured once for a folder.
choose_ranks() {
    if [ -n "$ranks" ]; then
        echo "      $ranks ranks, as told"
        return
    fi
    if [ ! -f "$folder/launch" ]; then
        dnagpt plan "$config" data.shards="$folder/shards" "${settings[@]}" --measure |
            tee "$folder/launch.measured"
        sed -nE 's/^launch: //p' "$folder/launch.measured" >"$folder/launch"
        rm "$folder/launch.measured"
    fi
    read -r -a launcher <"$folder/launch"
    echo "      ${launcher[*]}"
}

make_genomes() {
    if [ -n "$genomes" ]; then
        species=$root/data_prep/species.toml
        [ ! -f "$genomes/species.toml" ] || species=$genomes/species.toml
        printf '      %s with the table %s\n' "$genomes" "$species"
        return
    fi
    genomes=$folder/genomes
    species=$genomes/species.toml
    if [ -f "$folder/genomes_made" ]; then
        echo "      kept"
        return
    fi
    dnagpt-prep synthesize --output "$genomes"
    touch "$folder/genomes_made"
}

make_shards() {
    "${launcher[@]}" dnagpt-prep shard --species "$species" --genomes "$genomes" \
        --output "$folder/shards"
}

set_training_command() {
    train_command=("${launcher[@]}" dnagpt pretrain "$config" run.folder="$folder/run"
        data.shards="$folder/shards" "${settings[@]}")
}

# The newest step in metrics.jsonl, 0 where there is none.
newest_step() {
    local step
    step=$(tail -n 1 "$folder/run/metrics.jsonl" 2>/dev/null |
        sed -nE 's/.*"step": *([0-9]+).*/\1/p')
    printf '%s' "${step:-0}"
}

# schedule.steps of the resolved configuration, 0 while there is none.
planned_steps() {
    local steps
    steps=$(sed -nE 's/^steps *= *([0-9]+).*/\1/p' "$folder/run/config.toml" 2>/dev/null | head -n 1)
    printf '%s' "${steps:-0}"
}

# Starts the training, and in the middle of it sends what a batch system sends before it takes the
# machine away: the ranks save and exit 75.
pretrain_and_interrupt() {
    local status=0 ranks_id interrupted=0
    "${train_command[@]}" &
    ranks_id=$!
    trap 'kill -TERM "$ranks_id" 2>/dev/null; exit 1' INT TERM
    while kill -0 "$ranks_id" 2>/dev/null; do
        if [ "$interrupted" -eq 0 ] && [ "$(planned_steps)" -gt 0 ] &&
            [ $(($(newest_step) * 5)) -ge $(($(planned_steps) * 2)) ]; then
            printf '\n      --- interrupting the run with SIGUSR1 ---\n'
            kill -USR1 "$ranks_id" || true
            interrupted=1
        fi
        sleep 0.2
    done
    wait "$ranks_id" || status=$?
    trap - INT TERM
    case $status in
    75) echo "      --- saved at step $(newest_step), exit status 75: run me again ---" ;;
    0) echo "      the run was over before it could be interrupted (too few steps)" ;;
    *) return "$status" ;;
    esac
    touch "$folder/interrupted"
}

train() {
    set_training_command
    if [ ! -f "$folder/interrupted" ]; then
        pretrain_and_interrupt
        echo "      --- the same command again: it goes on from the checkpoint ---"
    fi
    "${train_command[@]}"
}

evaluate() {
    if [ -f "$folder/evaluation.json" ] &&
        [ -z "$(find "$folder/run/checkpoints" -name '*.h5' -newer "$folder/evaluation.json")" ]; then
        echo "      kept"
        return
    fi
    "${launcher[@]}" dnagpt evaluate --checkpoint "$folder/run" --shards "$folder/shards" \
        --split validation --output "$folder/evaluation.json"
}

plot() {
    "$root/build/venv/bin/python" "$root/tools/plot_run.py" "$folder/run" --output "$folder/loss.png"
}

print_table() {
    "$root/build/venv/bin/python" "$root/tools/summarise_evaluation.py" "$folder/evaluation.json"
}

print_next_commands() {
    local line newest
    newest=$(find "$folder/run/checkpoints" -name '*.h5' | LC_ALL=C sort | tail -n 1)
    printf '\nLoss plot: %s\n' "$folder/loss.png"
    printf 'The job took %d s (without packages and compiling). Try next:\n' "$job_seconds"
    for line in \
        "build/release/bin/dnagpt inspect $newest" \
        "build/release/bin/dnagpt plan configs/pretrain_m.toml data.shards=$folder/shards --ranks 64" \
        "bash tools/quickstart.sh --genomes DIR --folder real_run   # your own FASTA files"; do
        printf '  %s\n' "$line"
    done
}

prepare_folder
stage "Packages, programs and Python environment"
dnagpt_require_packages programs
build_programs
choose_launcher
job_seconds=0

stage "Genomes"
make_genomes
stage_ends
stage "Genomes to token shards, on ${ranks:-$cores} ranks"
make_shards
stage_ends
stage "Ranks and threads"
choose_ranks
stage_ends
stage "Pretraining on three tasks, interrupted and resumed"
train
stage_ends
stage "Evaluation on the validation split"
evaluate
stage_ends
stage "Plots"
plot
stage_ends
stage "Results"
print_table
print_next_commands
