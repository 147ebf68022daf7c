#!/usr/bin/env bash
# Every float32 logit of a port, in shards of a Slurm array. A task that is preempted or whose node fails is
# queued again and goes on from its state.
#
#     sbatch deploy/slurm-sweep.sh python3 port.py
#     sbatch --array=3,7 --export=ALL,LOSSPROOF_SHARDS=32 deploy/slurm-sweep.sh python3 port.py    # these two again
#     lossproof merge states/*.json --json sweep.json --plot errors.svg
#
#SBATCH --job-name=lossproof-sweep
#SBATCH --array=1-32
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=states/%a.log
set -euo pipefail

export LOSSPROOF_SHARDS=${LOSSPROOF_SHARDS:-32}
mkdir -p states
exec lossproof sweep --shard auto --state "states/$SLURM_ARRAY_TASK_ID.json" -- "$@"
