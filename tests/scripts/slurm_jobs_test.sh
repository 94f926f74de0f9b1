#!/usr/bin/env bash
# jobs/slurm: signals reach the ranks, 75 requeues, other statuses end the job; with stand-ins for
# srun, scontrol and sbatch's environment.
# shellcheck disable=SC2016  # the stand-ins expand these
set -uo pipefail
# shellcheck source=tests/scripts/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

mkdir "$scratch/bin"
cat >"$scratch/bin/srun" <<'SRUN'
#!/bin/bash
trap 'echo USR1 >>"$SCRATCH/signals"; sleep 0.3; exit 75' USR1
printf '%s\n' "$*" >>"$SCRATCH/launched"
[ -n "$RANKS_WAIT" ] || exit "$RANKS_STATUS"
touch "$SCRATCH/running"
for _ in $(seq 100); do sleep 0.1; done
SRUN
printf '#!/bin/bash\necho "$*" >>"$SCRATCH/requeued"\n' >"$scratch/bin/scontrol"
chmod +x "$scratch/bin/"*

export SCRATCH=$scratch PATH="$scratch/bin:$PATH"
export SLURM_JOB_ID=4711 SLURM_SUBMIT_DIR=$project DNAGPT_BIN=$scratch/bin
export DNAGPT_RUN=/runs/first DNAGPT_SHARDS=/shards

# job FILE WAIT STATUS [ARGUMENTS]: the job file, its ranks ending with STATUS.
job() {
    rm -f "$scratch/launched" "$scratch/requeued" "$scratch/signals" "$scratch/running"
    local file=$project/jobs/slurm/$1.sbatch
    export RANKS_WAIT=$2 RANKS_STATUS=$3
    shift 3
    run bash "$file" "$@"
}

# signalled SIGNAL: sends it to the pretraining job once its ranks are running.
signalled() {
    rm -f "$scratch/launched" "$scratch/requeued" "$scratch/signals" "$scratch/running"
    export RANKS_WAIT=1 RANKS_STATUS=0
    bash "$project/jobs/slurm/pretrain.sbatch" >"$scratch/log" 2>&1 &
    local shell=$! turn
    for turn in $(seq 100); do
        [ ! -e "$scratch/running" ] || break
        sleep 0.05
    done
    [ "$turn" -lt 100 ] || fail "the ranks were never started"
    kill "-$1" "$shell"
    status=0
    wait "$shell" || status=$?
    output=$(cat "$scratch/log")
}

job pretrain '' 0 schedule.steps=10
expect_status 0 "finished run"
[ ! -e "$scratch/requeued" ] || fail "a finished run is not requeued"
run cat "$scratch/launched"
expect_output "dnagpt pretrain configs/pretrain_m.toml run.folder=/runs/first data.shards=/shards schedule.steps=10" \
    "same command as on a laptop"

job pretrain '' 1
expect_status 1 "failed run"
[ ! -e "$scratch/requeued" ] || fail "a failed run is not requeued"

job pretrain '' 75
expect_status 75 "saved run"
run cat "$scratch/requeued"
expect_output "requeue 4711" "a saved run is requeued"

for signal in USR1 TERM; do
    signalled "$signal"
    expect_status 75 "$signal"
    expect_output "putting job 4711 back" "$signal"
    run cat "$scratch/signals" "$scratch/requeued"
    expect_output "USR1" "$signal reaches the ranks as SIGUSR1"
    expect_output "requeue 4711" "$signal ends in a requeue"
done

job data_prep '' 0
run cat "$scratch/launched"
expect_output "dnagpt-prep shard --species" "data_prep.sbatch"
job evaluate '' 0
run cat "$scratch/launched"
expect_output "dnagpt evaluate --checkpoint /runs/first --shards /shards --output /runs/first/evaluation.json" "evaluate.sbatch"
job evaluate '' 0 --split test --windows 64
run cat "$scratch/launched"
expect_output "--output /runs/first/evaluation.json --split test --windows 64" "arguments of evaluate.sbatch"

mkdir -p "$scratch/run/checkpoints"
touch "$scratch/run/checkpoints/step_00000010.h5" "$scratch/run/checkpoints/step_00000020.h5"
DNAGPT_RUN=$scratch/run SLURM_ARRAY_TASK_ID=1 job evaluate '' 0
run cat "$scratch/launched"
expect_output "--checkpoint $scratch/run/checkpoints/step_00000020.h5" "evaluate.sbatch as an array"
expect_output "--output $scratch/run/evaluations/step_00000020.json" "evaluate.sbatch as an array"
DNAGPT_FINETUNE_RUN=$scratch/run SLURM_ARRAY_TASK_ID=0 job evaluate '' 0 --set /sets/pas.h5 --blank sequence
run cat "$scratch/launched"
expect_output "dnagpt evaluate --checkpoint $scratch/run/checkpoints/step_00000010.h5 --output $scratch/run/evaluations/step_00000010.json --set /sets/pas.h5 --blank sequence" "checkpoints of a fine-tuning run as an array"
DNAGPT_FINETUNE_RUN=/runs/tuned job evaluate '' 0 --set=/sets/pas.h5
run cat "$scratch/launched"
expect_output "dnagpt evaluate --checkpoint /runs/tuned --output /runs/tuned/evaluation_set.json --set=/sets/pas.h5" "a fine-tuning run's best checkpoint"
DNAGPT_RUN=$scratch/run SLURM_ARRAY_TASK_ID=2 job evaluate '' 0
expect_status 0 "a task without a checkpoint"
expect_output "has no checkpoint number 2" "a task without a checkpoint"

DNAGPT_SET=/sets/pas.h5 job finetune '' 75 schedule.epochs=3
expect_status 75 "saved fine-tuning"
run cat "$scratch/requeued"
expect_output "requeue 4711" "a saved fine-tuning is requeued"
run cat "$scratch/launched"
expect_output "dnagpt finetune configs/finetune_signals.toml run.folder=$project/runs/finetune finetune.data=/sets/pas.h5 finetune.from=/runs/first schedule.epochs=3" "finetune.sbatch"
job generate '' 0 --count 7
run cat "$scratch/launched"
expect_output "dnagpt generate --haplotypes --checkpoint $project/runs/finetune" "generate.sbatch"
expect_output "--count 7" "generate.sbatch"

job predict '' 0 --fasta a.fa
run cat "$scratch/launched"
expect_output "dnagpt predict --checkpoint $project/runs/finetune --fasta a.fa" "predict.sbatch"
SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=8 job predict '' 0 --fasta a.fa
run cat "$scratch/launched"
expect_output "--checkpoint $project/runs/finetune --piece 2/8 --fasta a.fa" "predict.sbatch as an array"
SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=3 job predict '' 0 --fasta a.fa
expect_status 2 "a piece alone without their number"
expect_output "say by DNAGPT_PIECES how many" "a piece alone without their number"
DNAGPT_PIECES=8 SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=3 \
    job predict '' 0 --fasta a.fa
run cat "$scratch/launched"
expect_output "--piece 3/8" "a piece run again alone"

SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=8 job score '' 0 --species R --vcf a.vcf
run cat "$scratch/launched"
expect_output "dnagpt score --checkpoint /runs/first --piece 2/8 --species R --vcf a.vcf" "score.sbatch"

SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=8 job embed '' 0 --fasta a.fa
run cat "$scratch/launched"
expect_output "dnagpt embed --checkpoint /runs/first --piece 2/8 --fasta a.fa" "embed.sbatch"

unset SLURM_SUBMIT_DIR
job evaluate '' 0
expect_output "submit this file with sbatch" "run without Slurm"

finish
