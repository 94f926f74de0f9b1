#!/usr/bin/env bash
# Sourced by the job files: where things are at your site, and how the ranks are started.
# Change this file, not the job files.

# shellcheck source=jobs/slurm/launch.sh
source jobs/slurm/launch.sh # first of all: from here on a signal is not lost

# Modules or a Spack environment with what INSTALL.md lists, for example:
#   module load gcc/12 openmpi hdf5         # with GPUs also cuda nccl cudnn
#   spack env activate dnagpt

# The GPUs that the job has on this node; with 0 it is a job for CPUs. Where the site's Slurm does
# not know of its GPUs, say how many each node has (DNAGPT_GPUS=4).
: "${DNAGPT_GPUS:=$(count_gpus)}"

# The folder with the programs `dnagpt` and `dnagpt-prep` (see INSTALL.md), and the job's data.
if [ "$DNAGPT_GPUS" -gt 0 ]; then
    : "${DNAGPT_BIN:=$PWD/build/cuda/bin}"
fi
: "${DNAGPT_BIN:=$PWD/build/release/bin}"
: "${DNAGPT_SPECIES:=data_prep/species.toml}"
: "${DNAGPT_GENOMES:=genomes}"
: "${DNAGPT_SHARDS:=$PWD/shards}"
: "${DNAGPT_RUN:=$PWD/runs/pretrain}"
: "${DNAGPT_SET:=$PWD/sets/signals.h5}"
: "${DNAGPT_FINETUNE_RUN:=$PWD/runs/finetune}"
: "${DNAGPT_FROM=$DNAGPT_RUN}" # empty: random weights
export PATH="$DNAGPT_BIN:$PATH" DNAGPT_SPECIES DNAGPT_GENOMES DNAGPT_SHARDS DNAGPT_RUN DNAGPT_SET
export DNAGPT_FINETUNE_RUN DNAGPT_FROM

# One rank a core with a Serial Kokkos; with an OpenMP one set --cpus-per-task, which gives each
# rank its cores. Threads are held to cores only where a rank has several: a rank of one thread
# that the launcher did not bind would be held to the node's first core, like all the others.
# On GPUs the cores of --cpus-per-task serve the threads that read, save and carry NCCL's messages,
# of which OpenMP knows nothing.
rank_cores=${SLURM_CPUS_PER_TASK:-1}
if [ "$DNAGPT_GPUS" -gt 0 ]; then
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
else
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$rank_cores}
    rank_cores=$OMP_NUM_THREADS
fi
if [ "$OMP_NUM_THREADS" -gt 1 ]; then
    export OMP_PROC_BIND=${OMP_PROC_BIND:-close} OMP_PLACES=${OMP_PLACES:-cores}
else
    export OMP_PROC_BIND=${OMP_PROC_BIND:-false}
fi

# The launcher: `srun`, `mpirun` (where Slurm has no PMIx: `srun --mpi=list`), or a command line.
# The first lines of a run say which cores each rank has. Since Slurm 22.05 srun does not take
# --cpus-per-task from the job. mpirun answers SIGTERM by killing the ranks after twice its time-out;
# its own 1 second is too little for a step and a checkpoint, and Slurm waits 30 seconds (KillWait).
: "${DNAGPT_LAUNCH:=srun}"
case $DNAGPT_LAUNCH in
srun)
    DNAGPT_LAUNCH="srun --mpi=pmix --kill-on-bad-exit=1 --cpu-bind=cores"
    # Slurm's own order deals a node's ranks out to its sockets in turn, while GPUs are numbered
    # socket by socket.
    [ "$DNAGPT_GPUS" -eq 0 ] || DNAGPT_LAUNCH+=" --distribution=block:block"
    export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
    ;;
mpirun)
    DNAGPT_LAUNCH="mpirun --bind-to core --map-by slot:PE=$rank_cores"
    DNAGPT_LAUNCH+=" --mca odls_base_sigkill_timeout 15"
    ;;
esac
export DNAGPT_LAUNCH

# One rank a GPU, and every rank sees all GPUs of its node: the node's i-th rank takes the i-th of
# them, and direct copies between two GPUs may need both in sight. So srun must not deal them out to
# the ranks, as it does when sbatch was told of GPUs per rank or of a binding. --gpu-bind=none is
# not enough: with Slurm 22.05 it unsets CUDA_VISIBLE_DEVICES, and other jobs' GPUs may be in sight.
if [ "$DNAGPT_GPUS" -gt 0 ]; then
    unset SLURM_GPUS_PER_TASK SLURM_NTASKS_PER_GPU SLURM_TRES_PER_TASK SLURM_GPU_BIND SLURM_TRES_BIND
fi

# Where the network's automatic choice is wrong (a hang at the first step, or speed of the
# management network), name the interface; the job's first lines show these variables.
#   export UCX_NET_DEVICES=mlx5_0:1    # Open MPI over UCX
#   export NCCL_SOCKET_IFNAME=ib0      # NCCL: over which its ranks find each other
#   export NCCL_IB_HCA=mlx5_0,mlx5_1   # NCCL: the InfiniBand adapters that carry the sums
#   export NCCL_DEBUG=WARN             # NCCL says why it fails; with INFO also which ways it takes

# Lustre and NFS often have no locks, which HDF5 asks for; digests and the run folder's own lock
# guard our files.
export HDF5_USE_FILE_LOCKING=${HDF5_USE_FILE_LOCKING:-FALSE}

# A folder of each node's own disk, to which the shards are copied first: DNAGPT_STAGE='$TMPDIR'.
: "${DNAGPT_STAGE:=}"
