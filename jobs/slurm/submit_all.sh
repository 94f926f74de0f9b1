#!/usr/bin/env bash
# Submits the stages as jobs that wait for each other; jobs/slurm/README.md says what they read.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: jobs/slurm/submit_all.sh [--from STAGE] [settings of pretraining, as schedule.steps=1000]
Submits, from the project's top folder, jobs of which each waits for the success of another:
  data_prep        an array, a species a task
    pretrain
      evaluate       an array, a checkpoint a task
      score, embed   where DNAGPT_SCORE_ARGS, DNAGPT_EMBED_ARGS are set
      finetune       where DNAGPT_SET is set
        evaluate_set
        predict, generate   where DNAGPT_PREDICT_ARGS, DNAGPT_GENERATE_ARGS are set
A stage that fails takes those that wait for it out of the queue.
  --from STAGE   begin with pretrain or finetune; what comes before is done already
  --help         this text
DNAGPT_<STAGE>_ARGS     arguments of a stage's program: DNAGPT_PREDICT_ARGS="--fasta a.fa --output a.tsv"
DNAGPT_<STAGE>_SBATCH   options of its job: DNAGPT_PRETRAIN_SBATCH="--nodes=4 --ntasks=256"
Options of all jobs: Slurm's own variables, as SBATCH_PARTITION and SBATCH_ACCOUNT.
Exit status: 0 all submitted, 1 sbatch refused one, 2 wrong use.
TEXT
}

wrong_use() {
    printf '%s\n' "$*" >&2
    exit 2
}

# value STAGE ARGS|SBATCH: that variable of the stage, as DNAGPT_PRETRAIN_SBATCH.
value() {
    local name=DNAGPT_${1^^}_$2
    printf '%s' "${!name:-}"
}

submitted=()
# submit STAGE FILE AFTER [OPTION...]: a job of the file that waits for job AFTER, or for none; `job`
# is its number. `arguments` are those of the stage's program.
submit() {
    local stage=$1 file=jobs/slurm/$2.sbatch after=$3 options own
    shift 3
    options=(--parsable --job-name="dnagpt_$stage" "$@")
    [ -z "$after" ] || options+=(--dependency="afterok:$after" --kill-on-invalid-dep=yes)
    read -r -a own <<<"$(value "$stage" SBATCH)"
    if ! job=$(sbatch "${options[@]}" "${own[@]}" "$file" "${arguments[@]}"); then
        echo "sbatch refused $stage (see its message above); submitted before it and still there:" \
            "${submitted[*]:-nothing}; scancel takes them back" >&2
        exit 1
    fi
    job=${job%%;*} # of several clusters sbatch says which
    submitted+=("$job")
    printf '%-14s job %s%s\n' "$stage" "$job" "${after:+, waits for job $after}"
}

# submit_stage STAGE FILE AFTER [OPTION...]: submit with DNAGPT_<STAGE>_ARGS.
submit_stage() {
    read -r -a arguments <<<"$(value "$1" ARGS)"
    submit "$@"
}

# submit_asked STAGE AFTER: submit_stage for a stage that needs arguments, where they are given.
submit_asked() {
    [ -z "$(value "$1" ARGS)" ] || submit_stage "$1" "$1" "$2"
}

from=data_prep
case ${1:-} in
--help | -h)
    usage
    exit 0
    ;;
--from)
    from=${2:-}
    shift "$(($# < 2 ? $# : 2))"
    ;;
esac
case $from in
data_prep | pretrain) ;;
finetune) [ -n "${DNAGPT_SET:-}" ] || wrong_use "--from finetune needs DNAGPT_SET, the labelled set" ;;
*) wrong_use "--from '$from' is no stage to begin with; take pretrain or finetune" ;;
esac
for setting in "$@"; do
    case $setting in
    -*) wrong_use "'$setting' is no setting of pretraining (section.key=value); see --help" ;;
    esac
done
[ -f jobs/slurm/submit_all.sh ] || wrong_use "Start it in the project's top folder, where jobs/slurm lies"

before=''
if [ "$from" = data_prep ]; then
    species=${DNAGPT_SPECIES:-data_prep/species.toml}
    count=$(grep -c '^ *\[\[species\]\]' "$species") ||
        wrong_use "$species holds no [[species]]; set DNAGPT_SPECIES to the species table"
    submit_stage data_prep data_prep '' --array="1-$count"
    before=$job
fi
if [ "$from" != finetune ]; then
    read -r -a arguments <<<"$(value pretrain ARGS)"
    arguments+=("$@")
    submit pretrain pretrain "$before"
    before=$job
    submit_stage evaluate evaluate "$before" --array=0-9
    submit_asked score "$before"
    submit_asked embed "$before"
fi
if [ -n "${DNAGPT_SET:-}" ]; then
    submit_stage finetune finetune "$before"
    before=$job
    read -r -a arguments <<<"$(value evaluate_set ARGS)"
    arguments=(--set "$DNAGPT_SET" "${arguments[@]}")
    submit evaluate_set evaluate "$before"
    submit_asked predict "$before"
    submit_asked generate "$before"
fi
