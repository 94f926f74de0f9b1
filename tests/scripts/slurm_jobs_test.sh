#!/usr/bin/env bash
# jobs/slurm: signals reach the ranks, 75 requeues, other statuses end the job, stages in a chain;
# with stand-ins for srun, squeue, scontrol, sbatch and lfs. tests/slurm runs them under a real Slurm.
# shellcheck disable=SC2016  # the stand-ins expand these
set -uo pipefail
# shellcheck source=tests/scripts/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

unset OMP_NUM_THREADS  # the job files choose it
mkdir "$scratch/bin"
cat >"$scratch/bin/srun" <<'SRUN'
#!/bin/bash
trap 'echo USR1 >>"$SCRATCH/signals"; sleep 0.3; exit 75' USR1
printf '%s\n' "$*" >>"$SCRATCH/launched"
[ -n "$RANKS_WAIT" ] || exit "$RANKS_STATUS"
touch "$SCRATCH/running"
for _ in $(seq 100); do sleep 0.1; done
SRUN
printf '#!/bin/bash\necho "$*" >>"$SCRATCH/requeued"; exit "${SCONTROL_STATUS:-0}"\n' >"$scratch/bin/scontrol"
cat >"$scratch/bin/squeue" <<'SQUEUE'
#!/bin/bash
case "$*" in
*--format=%e) echo "${JOB_END-N/A}" ;;
*) echo "${JOB_STATE-RUNNING None}" ;;
esac
SQUEUE
cat >"$scratch/bin/sbatch" <<'SBATCH'
#!/bin/bash
printf '%s\n' "$*" >>"$SCRATCH/sbatch"
count=$(wc -l <"$SCRATCH/sbatch")
[ "$count" -ne "${REFUSED:-0}" ] || { echo "sbatch: error: no such partition" >&2; exit 1; }
echo "$((100 + count));cluster"
SBATCH
chmod +x "$scratch/bin/"*

export SCRATCH=$scratch PATH="$scratch/bin:$PATH"
export DNAGPT_REQUEUE_PAUSE=0 SLURM_JOB_ID=4711 SLURM_SUBMIT_DIR=$project DNAGPT_BIN=$scratch/bin
export DNAGPT_RUN=/runs/first DNAGPT_SHARDS=/shards
unset CUDA_VISIBLE_DEVICES SLURM_GPUS_ON_NODE SLURM_JOB_GPUS DNAGPT_GPUS

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

[ "$(wc -l <"$scratch/requeued")" -eq 1 ] || fail "a saved run is requeued once"
SLURM_ARRAY_JOB_ID=4700 SLURM_ARRAY_TASK_ID=3 job pretrain '' 75
run cat "$scratch/requeued"
expect_output "requeue 4700_3" "of an array the task that saved is requeued"
JOB_STATE="COMPLETING TimeLimit" job pretrain '' 75
[ -e "$scratch/requeued" ] || fail "a run that saved behind its time limit is requeued"
for state in "COMPLETING None" "PENDING BeginTime" "CANCELLED None" ""; do
    JOB_STATE=$state job pretrain '' 75
    expect_status 75 "ended by Slurm ($state)"
    expect_output "Slurm is ending job 4711 itself" "ended by Slurm ($state)"
    [ ! -e "$scratch/requeued" ] || fail "a job that Slurm ends ($state) is not requeued"
done
SCONTROL_STATUS=1 job pretrain '' 75
expect_status 75 "requeue refused"
expect_output "submit the same line again" "requeue refused"
[ "$(wc -l <"$scratch/requeued")" -eq 5 ] || fail "a refused requeue is tried five times"

# In front of the ranks: the signal comes while the site's modules are loaded.
sed 's/^# Modules.*/kill -USR1 $$/' "$project/jobs/slurm/environment.sh" >"$scratch/loading.sh"
run env -C "$project" bash -c 'source "$1"; launch dnagpt pretrain' _ "$scratch/loading.sh"
expect_status 75 "told to stop while modules are loaded"
expect_output "Told to stop before the ranks were started" "told to stop while modules are loaded"
expect_output "putting job 4711 back" "told to stop while modules are loaded"
# The launcher or a rank that does not listen yet dies of the signal.
printf '#!/bin/bash\ntouch "$SCRATCH/running"; exec sleep 10\n' >"$scratch/deaf"
chmod +x "$scratch/deaf"
DNAGPT_LAUNCH=$scratch/deaf signalled USR1
expect_status 75 "told to stop before the ranks listened"
expect_output "putting job 4711 back" "told to stop before the ranks listened"
RANKS_STATUS=138 job pretrain '' 138
expect_status 138 "ranks that died of a signal that nobody sent to the job"
[ ! -e "$scratch/requeued" ] || fail "ranks that died of a signal of their own are not requeued"

for signal in USR1 TERM; do
    signalled "$signal"
    expect_status 75 "$signal"
    expect_output "putting job 4711 back" "$signal"
    run cat "$scratch/signals" "$scratch/requeued"
    expect_output "USR1" "$signal reaches the ranks as SIGUSR1"
    expect_output "requeue 4711" "$signal ends in a requeue"
done

JOB_STATE=RUNNING job pretrain '' 0
expect_output "launcher: srun --mpi=pmix --kill-on-bad-exit=1" "the log says how the ranks are started"
expect_output "OMP_NUM_THREADS=1 SLURM_JOB_END_TIME=(not set) HDF5_USE_FILE_LOCKING=FALSE NCCL_SOCKET_IFNAME=(not set)" "environment"
JOB_END=2026-11-23T01:00:00 job pretrain '' 0
expect_output "SLURM_JOB_END_TIME=$(date --date=2026-11-23T01:00:00 +%s) " "the job's end, where Slurm does not say it"
SLURM_JOB_END_TIME=77 JOB_END=2026-11-23T01:00:00 job pretrain '' 0
expect_output "SLURM_JOB_END_TIME=77 " "the job's end, as Slurm says it"
JOB_END='' job pretrain '' 0
expect_output "SLURM_JOB_END_TIME=(not set) " "a job without an end"
cp "$scratch/bin/srun" "$scratch/bin/mpirun"
DNAGPT_LAUNCH=mpirun job pretrain '' 0
run cat "$scratch/launched"
expect_output "--bind-to core --map-by slot:PE=1 --mca odls_base_sigkill_timeout 15 dnagpt" "mpirun"
DNAGPT_STAGE='$TMPDIR' job pretrain '' 0 schedule.steps=10
run cat "$scratch/launched"
expect_output 'data.stage=$TMPDIR schedule.steps=10' "staging"

# GPUs: Slurm's variables of a node of 4, with one rank each.
gpu_job() {
    SLURM_GPUS_ON_NODE=${GPUS-4} SLURM_JOB_GPUS=${GPU_NUMBERS-0,1,2,3} CUDA_VISIBLE_DEVICES=${VISIBLE-0,1,2,3} \
        SLURM_TASKS_PER_NODE=${RANKS:-4} SLURM_CPUS_PER_TASK=8 job "$@"
}
gpu_job pretrain '' 0 schedule.steps=10
expect_status 0 "GPUs"
expect_output "first node: 4 GPUs, 4 ranks" "the log says how many GPUs there are"
expect_output "OMP_NUM_THREADS=1 " "the cores of a rank with a GPU are not OpenMP's"
expect_output "CUDA_VISIBLE_DEVICES=0,1,2,3 NCCL_IB_HCA=(not set) NCCL_DEBUG=(not set)" "environment on GPUs"
run cat "$scratch/launched"
expect_output "--cpu-bind=cores --distribution=block:block dnagpt pretrain" "ranks in the order of the GPUs"
expect_no_output "gpu-bind" "all GPUs of a node stay visible"
DNAGPT_LAUNCH=mpirun gpu_job pretrain '' 0
run cat "$scratch/launched"
expect_output "--map-by slot:PE=8 " "mpirun gives a rank with a GPU its cores"

# What would deal the GPUs out to the ranks does not reach srun.
bound=(SLURM_GPUS_PER_TASK=1 SLURM_NTASKS_PER_GPU=1 SLURM_GPU_BIND=single:1 SLURM_TRES_PER_TASK=gres/gpu=1
    SLURM_TRES_BIND=gres/gpu:per_task:1)
print='source jobs/slurm/environment.sh; env | grep -E "^SLURM_(.*GPU_BIND|TRES|.*_PER_TASK|.*_PER_GPU)"; echo "$DNAGPT_BIN"'
run env -C "$project" -u DNAGPT_BIN SLURM_GPUS_ON_NODE=2 "${bound[@]}" bash -c "$print"
expect_no_output "SLURM_" "requests for bound GPUs are taken back"
expect_output "$project/build/cuda/bin" "the programs for GPUs"
run env -C "$project" -u DNAGPT_BIN SLURM_TRES_PER_TASK=cpu=8 bash -c "$print"
expect_output "SLURM_TRES_PER_TASK=cpu=8" "a job without GPUs keeps Slurm's variables"
expect_output "$project/build/release/bin" "the programs for CPUs"

RANKS='8(x2),4' SLURM_JOB_NUM_NODES=3 gpu_job pretrain '' 0
expect_status 2 "more ranks than GPUs"
expect_output "8 ranks on a node with 4 GPUs" "more ranks than GPUs"
expect_output "--nodes=3 --ntasks=12 --ntasks-per-node=4 --gpus-per-node=4" "more ranks than GPUs"
[ ! -e "$scratch/launched" ] || fail "with more ranks than GPUs nothing is started"
RANKS=9 SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_MAX=1 gpu_job data_prep '' 0
expect_status 0 "data preparation does not use the GPUs that it has"
RANKS=2 gpu_job predict '' 0 --fasta a.fa
expect_status 0 "fewer ranks than GPUs"
expect_output "first node: 4 GPUs, 2 ranks" "fewer ranks than GPUs"

GPUS='' gpu_job pretrain '' 0
expect_output "first node: 4 GPUs" "a Slurm that does not count the GPUs"
GPUS='' VISIBLE='' GPU_NUMBERS=2,3 RANKS=2 gpu_job pretrain '' 0
expect_output "first node: 2 GPUs" "a Slurm that says the numbers of the GPUs"
GPUS='' VISIBLE=GPU-8f1c,GPU-77aa RANKS=2 gpu_job pretrain '' 0
expect_output "first node: 2 GPUs" "GPUs that have names"
for none in '' -1 NoDevFiles; do
    GPUS='' GPU_NUMBERS='' VISIBLE=$none RANKS=64 gpu_job pretrain '' 0
    expect_status 0 "no GPU (CUDA_VISIBLE_DEVICES='$none')"
    expect_no_output "GPUs" "no GPU (CUDA_VISIBLE_DEVICES='$none')"
    expect_output "OMP_NUM_THREADS=8 " "no GPU (CUDA_VISIBLE_DEVICES='$none')"
done
DNAGPT_GPUS=0 RANKS=64 gpu_job pretrain '' 0
expect_status 0 "a job for CPUs from a shell that has GPUs"
expect_no_output "GPUs" "a job for CPUs from a shell that has GPUs"
DNAGPT_GPUS=2 RANKS=2 GPUS='' VISIBLE='' GPU_NUMBERS='' gpu_job pretrain '' 0
expect_output "first node: 2 GPUs" "a Slurm that knows of no GPUs"

# A project without the programs for GPUs.
mkdir -p "$scratch/project/jobs"
ln -s "$project/jobs/slurm" "$scratch/project/jobs/slurm"
DNAGPT_BIN='' SLURM_SUBMIT_DIR=$scratch/project gpu_job pretrain '' 0
expect_status 2 "nobody built the program for GPUs"
expect_output "build it with cmake --preset cuda" "nobody built the program for GPUs"
mkdir -p "$scratch/project/build/cuda/bin"
touch "$scratch/project/build/cuda/bin/dnagpt"
chmod +x "$scratch/project/build/cuda/bin/dnagpt"
DNAGPT_BIN='' SLURM_SUBMIT_DIR=$scratch/project gpu_job pretrain '' 0
expect_status 0 "the program for GPUs is there"

printf '#!/bin/bash\nprintf "%%s\n" "$*" >>"$SCRATCH/striped"; exit "${LFS_STATUS:-0}"\n' >"$scratch/bin/lfs"
chmod +x "$scratch/bin/lfs"
DNAGPT_RUN=$scratch/striped_run job pretrain '' 0
run cat "$scratch/striped"
expect_output "setstripe --stripe-count 8 --stripe-size 4M $scratch/striped_run/checkpoints" "striping"
LFS_STATUS=1 DNAGPT_FINETUNE_RUN=$scratch/striped_run job finetune '' 0
expect_status 0 "a file system that cannot stripe"
expect_output "is not striped" "a file system that cannot stripe"
rm "$scratch/bin/lfs"

SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 job data_prep '' 0 --replace
run cat "$scratch/launched"
expect_output "dnagpt-prep shard --species data_prep/species.toml --genomes genomes --output /shards --piece 2/9 --replace" \
    "data_prep.sbatch"
job evaluate '' 0
run cat "$scratch/launched"
expect_output "dnagpt evaluate --checkpoint /runs/first --shards /shards --output /runs/first/evaluation.json" "evaluate.sbatch"
job evaluate '' 0 --split test --windows 64
run cat "$scratch/launched"
expect_output "--output /runs/first/evaluation.json --split test --windows 64" "arguments of evaluate.sbatch"

mkdir -p "$scratch/run/checkpoints"
touch "$scratch/run/checkpoints/step_00000010.h5" "$scratch/run/checkpoints/step_00000020.h5"
DNAGPT_RUN=$scratch/run SLURM_ARRAY_TASK_ID=0 job evaluate '' 0
run cat "$scratch/launched"
expect_output "--checkpoint $scratch/run/checkpoints/step_00000020.h5" "evaluate.sbatch as an array"
expect_output "--output $scratch/run/evaluations/step_00000020.json" "evaluate.sbatch as an array"
DNAGPT_FINETUNE_RUN=$scratch/run SLURM_ARRAY_TASK_ID=1 job evaluate '' 0 --set /sets/pas.h5 --blank sequence
run cat "$scratch/launched"
expect_output "dnagpt evaluate --checkpoint $scratch/run/checkpoints/step_00000010.h5 --output $scratch/run/evaluations/step_00000010.json --set /sets/pas.h5 --blank sequence" "checkpoints of a fine-tuning run as an array"
DNAGPT_FINETUNE_RUN=/runs/tuned job evaluate '' 0 --set=/sets/pas.h5
run cat "$scratch/launched"
expect_output "dnagpt evaluate --checkpoint /runs/tuned --output /runs/tuned/evaluation_set.json --set=/sets/pas.h5" "a fine-tuning run's best checkpoint"
DNAGPT_RUN=$scratch/run SLURM_ARRAY_TASK_ID=2 job evaluate '' 0
expect_status 0 "a task without a checkpoint"
expect_output "has no 2 checkpoints before its newest" "a task without a checkpoint"

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

# all ARGUMENTS: submit_all.sh; what sbatch was told stands in $output behind what it printed.
all() {
    rm -f "$scratch/sbatch"
    run env -C "$project" bash jobs/slurm/submit_all.sh "$@"
    [ ! -e "$scratch/sbatch" ] || output+=$'\n'$(cat "$scratch/sbatch")
}
waits='--kill-on-invalid-dep=yes'
all schedule.steps=10
expect_status 0 "submit_all.sh"
expect_output "pretrain       job 102, waits for job 101" "submit_all.sh says what waits for what"
expect_output "--job-name=dnagpt_data_prep --array=1-9 jobs/slurm/data_prep.sbatch" "a task a species"
expect_output "--dependency=afterok:101 $waits jobs/slurm/pretrain.sbatch schedule.steps=10" "pretrain waits"
expect_output "--array=0-9 --dependency=afterok:102 $waits jobs/slurm/evaluate.sbatch" "evaluate waits"
expect_no_output "finetune" "no labelled set"
DNAGPT_SET=s.h5 DNAGPT_PREDICT_ARGS="--fasta a.fa" DNAGPT_SCORE_ARGS="--vcf v" \
    DNAGPT_PRETRAIN_ARGS="optimizer.learning_rate=2e-4" DNAGPT_PRETRAIN_SBATCH="--nodes=4 --time=1:00" DNAGPT_EVALUATE_SET_ARGS="--blank sequence" all schedule.steps=10
expect_output "$waits --nodes=4 --time=1:00 jobs/slurm/pretrain.sbatch optimizer.learning_rate=2e-4 schedule.steps=10" \
    "options and arguments of a stage"
expect_output "afterok:102 $waits jobs/slurm/score.sbatch --vcf v" "score waits for pretrain"
expect_output "afterok:102 $waits jobs/slurm/finetune.sbatch" "finetune waits for pretrain"
expect_output "afterok:105 $waits jobs/slurm/evaluate.sbatch --set s.h5 --blank sequence" "evaluation of the set"
expect_output "afterok:105 $waits jobs/slurm/predict.sbatch --fasta a.fa" "predict waits for finetune"
expect_no_output "generate" "a stage that was not asked for"
DNAGPT_SET=s.h5 all --from finetune
expect_output "--job-name=dnagpt_finetune jobs/slurm/finetune.sbatch" "a chain from fine-tuning on"
expect_no_output "pretrain.sbatch" "a chain from fine-tuning on"
REFUSED=2 all
expect_status 1 "sbatch refuses a job"
expect_output "sbatch refused pretrain" "sbatch refuses a job"
expect_output "still there: 101; scancel" "sbatch refuses a job"
[ "$(wc -l <"$scratch/sbatch")" -eq 2 ] || fail "nothing is submitted behind a refused job"
for wrong in "--from nothing" "--from finetune" "--form pretrain"; do
    # shellcheck disable=SC2086  # two words
    DNAGPT_SET='' all $wrong
    expect_status 2 "submit_all.sh $wrong"
    [ ! -e "$scratch/sbatch" ] || fail "submit_all.sh $wrong submits nothing"
done
DNAGPT_SPECIES=$scratch/none.toml all
expect_status 2 "no species table"
expect_output "set DNAGPT_SPECIES" "no species table"

unset SLURM_SUBMIT_DIR
job evaluate '' 0
expect_output "submit this file with sbatch" "run without Slurm"

finish
