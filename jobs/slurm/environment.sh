#!/usr/bin/env bash
# Sourced by the job files: where things are at your site, and how the ranks are started.
# Change this file, not the job files.

# Modules or a Spack environment with what INSTALL.md lists, for example:
#   module load gcc/12 openmpi hdf5 cuda
#   spack env activate dnagpt

# The folder with the programs `dnagpt` and `dnagpt-prep` (see INSTALL.md), and the job's data.
: "${DNAGPT_BIN:=$PWD/build/release/bin}"
: "${DNAGPT_SHARDS:=$PWD/shards}"
: "${DNAGPT_RUN:=$PWD/runs/pretrain}"
: "${DNAGPT_SET:=$PWD/sets/signals.h5}"
: "${DNAGPT_FINETUNE_RUN:=$PWD/runs/finetune}"
: "${DNAGPT_FROM=$DNAGPT_RUN}" # empty: random weights
export PATH="$DNAGPT_BIN:$PATH" DNAGPT_SHARDS DNAGPT_RUN DNAGPT_SET DNAGPT_FINETUNE_RUN DNAGPT_FROM

# One rank a core with a Serial Kokkos; with an OpenMP one set --cpus-per-task and this to match.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-1}}
export OMP_PROC_BIND=${OMP_PROC_BIND:-close} OMP_PLACES=${OMP_PLACES:-cores}

# The launcher. Where Slurm has no PMIx: DNAGPT_LAUNCH="mpirun --bind-to core".
: "${DNAGPT_LAUNCH:=srun --mpi=pmix --kill-on-bad-exit=1}"
export DNAGPT_LAUNCH

# launch PROGRAM ARGUMENTS...: starts the ranks, hands SIGUSR1 and SIGTERM on to them, waits, and
# puts the job back into the queue when they ended with 75 ("saved, run me again"). bash runs a trap
# only between commands, so the launcher stands in the background.
launch() {
    local status=0 launcher ranks='' told=''
    read -r -a launcher <<<"$DNAGPT_LAUNCH"
    # `wait` ends early when a signal comes; the ranks then go on to the end of their step.
    trap 'told=1; [ -z "$ranks" ] || kill -USR1 "$ranks" 2>/dev/null' USR1 TERM
    "${launcher[@]}" "$@" &
    ranks=$!
    [ -z "$told" ] || kill -USR1 "$ranks" 2>/dev/null || true
    while true; do
        status=0
        wait "$ranks" || status=$?
        kill -0 "$ranks" 2>/dev/null || break
    done
    # A signal that came while the ranks ended hides their status: ask once more.
    [ "$status" -le 128 ] || { status=0; wait "$ranks" 2>/dev/null || status=$?; }
    trap - USR1 TERM
    if [ "$status" -eq 75 ]; then
        echo "Saved before the end; putting job $SLURM_JOB_ID back into the queue."
        scontrol requeue "$SLURM_JOB_ID" || status=$?
    fi
    return "$status"
}

# set_piece: of a task of an array the array `piece`, as --piece 2/8; empty for a single job.
set_piece() {
    # shellcheck disable=SC2034  # read by the job files
    piece=()
    [ -n "${SLURM_ARRAY_TASK_ID:-}" ] || return 0
    # A piece that is run again alone (--array=3) cannot know how many there are.
    if [ "${SLURM_ARRAY_TASK_MIN:-1}" -ne 1 ] && [ -z "${DNAGPT_PIECES:-}" ]; then
        echo "The array does not begin with 1: say by DNAGPT_PIECES how many pieces there are" >&2
        exit 2
    fi
    # shellcheck disable=SC2034
    piece=(--piece "$SLURM_ARRAY_TASK_ID/${DNAGPT_PIECES:-$SLURM_ARRAY_TASK_MAX}")
}
