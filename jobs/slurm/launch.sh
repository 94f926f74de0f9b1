#!/usr/bin/env bash
# Sourced by environment.sh: starts the ranks, hands signals on to them, and puts a job that has
# saved back into the queue; counts and checks the GPUs.

# A signal that comes while modules are loaded is kept for launch. bash runs a trap only between
# commands and in `wait`, so the launcher stands in the background.
told='' interrupted='' ranks=''
trap 'told=1 interrupted=1; [ -z "$ranks" ] || kill -USR1 "$ranks" 2>/dev/null' USR1 TERM

# launch PROGRAM ARGUMENTS...: starts the ranks, hands SIGUSR1 and SIGTERM on to them as SIGUSR1,
# waits, and puts the job back into the queue when they ended with 75 ("saved, run me again").
launch() {
    local launcher status=75
    if [ -n "$told" ]; then
        echo "Told to stop before the ranks were started"
    else
        [ "$DNAGPT_GPUS" -eq 0 ] || require_gpus "$1"
        note_job_end
        show_environment
        read -r -a launcher <<<"$DNAGPT_LAUNCH"
        "${launcher[@]}" "$@" &
        ranks=$!
        [ -z "$told" ] || kill -USR1 "$ranks" 2>/dev/null || true
        status=0
        await_ranks || status=$?
    fi
    trap '' USR1 TERM
    case $status in
    0) ;;
    75) requeue ;;
    *)
        echo "The ranks ended with status $status; jobs that wait for the success of this one leave" \
            "the queue. Submit the same line again when it is mended: what is done stays." >&2
        ;;
    esac
    return "$status"
}

# The exit status of the ranks. `wait` ends early when a signal comes; the ranks then go on to the
# end of their step. One that they did not listen to yet ended them, with nothing to be saved.
await_ranks() {
    local status=0 while_starting=$((128 + $(kill -l USR1)))
    interrupted=1
    while [ -n "$interrupted" ]; do
        interrupted='' status=0
        wait "$ranks" || status=$?
    done
    [ -z "$told" ] || [ "$status" -ne "$while_starting" ] || status=75
    return "$status"
}

# Puts the job back into the queue, unless Slurm is ending it: a cancelled job stays cancelled, and
# one that scontrol or a preemption puts back is back already.
requeue() {
    local job state turn
    job=$(job_name)
    for turn in 1 2 3 4 5; do
        state=$(squeue --noheader --jobs="$job" --format='%T %r') || state="UNKNOWN (squeue failed)"
        case $state in
        RUNNING* | UNKNOWN* | "COMPLETING TimeLimit") ;;
        *)
            echo "Not done yet, but Slurm is ending job $job itself (${state:-not in the queue})"
            return
            ;;
        esac
        echo "Not done yet; putting job $job back into the queue."
        ! scontrol requeue "$job" || return 0
        [ "$turn" -eq 5 ] || sleep "${DNAGPT_REQUEUE_PAUSE:-10}"
    done
    echo "Job $job could not be put back into the queue (see scontrol's message above); submit the" \
        "same line again: it goes on from the checkpoint" >&2
}

# The number of this job, or of this task of an array: the plain number of an array's last task
# means all of its tasks.
job_name() {
    if [ -n "${SLURM_ARRAY_JOB_ID:-}" ]; then
        printf '%s' "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
    else
        printf '%s' "$SLURM_JOB_ID"
    fi
}

# Training saves before the job's end (run.end_margin). Slurm before 23.02 does not say when that is.
note_job_end() {
    local end
    [ -z "${SLURM_JOB_END_TIME:-}" ] || return 0
    end=$(squeue --noheader --jobs="$(job_name)" --format=%e 2>/dev/null) || return 0
    [ -n "$end" ] && end=$(date --date="$end" +%s 2>/dev/null) || return 0
    export SLURM_JOB_END_TIME=$end
}

# The number of GPUs that the job has on this node: as Slurm says, or as many as CUDA may see.
count_gpus() {
    local numbers=${CUDA_VISIBLE_DEVICES:-${SLURM_JOB_GPUS:-}}
    if [ -n "${SLURM_GPUS_ON_NODE:-}" ]; then
        echo "$SLURM_GPUS_ON_NODE"
        return
    fi
    case $numbers in
    '' | -1 | NoDevFiles) echo 0 ;;
    *) tr ',' '\n' <<<"$numbers" | wc -l ;;
    esac
}

# The number of ranks on the job's first node, where this shell runs: 4 of "4(x2),3".
node_ranks() {
    local count=${SLURM_TASKS_PER_NODE:-1}
    echo "${count%%[(,]*}"
}

# require_gpus PROGRAM: ends the job when a node has more ranks than GPUs, which dnagpt-prep does not
# use, and when nobody built the program for GPUs.
require_gpus() {
    local count nodes=${SLURM_JOB_NUM_NODES:-1}
    count=$(node_ranks)
    if [ "$1" = dnagpt ] && [ "$count" -gt "$DNAGPT_GPUS" ]; then
        echo "$count ranks on a node with $DNAGPT_GPUS GPUs (each rank needs its own); submit" \
            "with --nodes=$nodes --ntasks=$((nodes * DNAGPT_GPUS)) --ntasks-per-node=$DNAGPT_GPUS" \
            "--gpus-per-node=$DNAGPT_GPUS" >&2
        exit 2
    fi
    if [ "$DNAGPT_BIN" = "$PWD/build/cuda/bin" ] && [ ! -x "$DNAGPT_BIN/$1" ]; then
        echo "The job has GPUs, and $DNAGPT_BIN holds no $1 (nobody built it for GPUs); build" \
            "it with cmake --preset cuda (see INSTALL.md), or set DNAGPT_BIN" >&2
        exit 2
    fi
}

# What people look for when a job is slow or hangs.
show_environment() {
    local name names
    names=(OMP_NUM_THREADS SLURM_JOB_END_TIME HDF5_USE_FILE_LOCKING NCCL_SOCKET_IFNAME
        UCX_NET_DEVICES)
    printf 'launcher: %s\n' "$DNAGPT_LAUNCH"
    if [ "$DNAGPT_GPUS" -gt 0 ]; then
        printf 'first node: %s GPUs, %s ranks\n' "$DNAGPT_GPUS" "$(node_ranks)"
        names+=(CUDA_VISIBLE_DEVICES NCCL_IB_HCA NCCL_DEBUG)
    fi
    for name in "${names[@]}"; do
        printf '%s=%s ' "$name" "${!name-(not set)}"
    done
    printf '\n'
}

# stripe_checkpoints RUN: on Lustre the checkpoints that will be written lie on several servers.
stripe_checkpoints() {
    command -v lfs >/dev/null || return 0
    mkdir -p "$1/checkpoints"
    lfs setstripe --stripe-count "${DNAGPT_STRIPES:-8}" --stripe-size 4M "$1/checkpoints" ||
        echo "$1/checkpoints is not striped (see the message of lfs above); saving goes on as it is"
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
