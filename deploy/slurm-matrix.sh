#!/usr/bin/env bash
# The matrix in shards of a Slurm array: each task makes the rows of every eighth port, in a clone of its own.
#
#     sbatch deploy/slurm-matrix.sh /shared/lossproof
#     lossproof report rows/*.json -o site
#
#SBATCH --job-name=lossproof-matrix
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=16G
#SBATCH --time=06:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=rows/%a.log
set -euo pipefail

export LOSSPROOF_SHARDS=${LOSSPROOF_SHARDS:-8}
rows=$PWD/rows
mkdir -p "$rows"
clone=$(mktemp -d)
trap 'rm -rf "$clone"' EXIT
git clone --quiet --depth 1 "file://$1" "$clone"
make -C "$clone" matrix FLAGS="-shard auto -remove -rows $rows"
