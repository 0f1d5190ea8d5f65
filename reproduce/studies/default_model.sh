#!/usr/bin/env bash
# Makes the default model from nothing but label maps: simulates what it learns from and what picks it,
# trains the network of regions, then the network of candidates in the brain that the first one finds. What is
# there already is kept; a step that was killed is gone on with. What it makes becomes part of the program where the
# two models are put into crates/net/weights.
#
#   reproduce/studies/default_model.sh HEADS FOLDER [SIDERIN]
#
# HEADS: the label maps that cohorts/*.toml name. FOLDER: 30 GB of room for scans, candidates and runs; the
# models end as FOLDER/regions.siderin and FOLDER/candidates.siderin, the seconds of each step in
# FOLDER/steps.csv. ROUNDS_CONTRASTS and ROUNDS_BREADTH in the environment make it smaller or larger.
set -euo pipefail
mkdir -p "$2"
heads=$(realpath "$1") folder=$(realpath "$2")
siderin=$(realpath "${3:-$(dirname "$0")/../../target/release/siderin}")
tree=$(realpath "$(dirname "$0")/../..")
cd "$folder"
[ -f steps.csv ] || echo "step,seconds" > steps.csv
step() {
  local name=$1 start=$SECONDS
  shift
  echo "$name" >&2
  "$@"
  echo "$name,$((SECONDS - start))" >> steps.csv
}
cohort() {
  step "simulate ${3:-$1}" "$siderin" simulate cohort "$tree/cohorts/$1.toml" --heads "$heads" \
    --out "${3:-$1}" --rounds "$2" --jobs 2 --quiet
}
cohort contrasts "${ROUNDS_CONTRASTS:-2}"
cohort contrasts 1 contrasts-round
cohort train 1
cohort dev 1
cohort breadth "${ROUNDS_BREADTH:-2}"
step "train regions (any contrast)" "$siderin" train "$tree/configs/default/regions.toml" --data contrasts \
  --data train --data breadth --validation dev --cache prepared --out regions-any --quiet
cp regions-any/best.siderin regions-any.siderin
step "train regions (T2*)" "$siderin" train "$tree/configs/default/regions-t2star.toml" --data breadth \
  --data train --data contrasts-round --validation dev --cache prepared --out regions-run --quiet
cp regions-run/best.siderin regions.siderin
step "train candidates" "$siderin" train "$tree/configs/default/candidates.toml" --data breadth \
  --data train --validation dev --cache prepared --scores --out candidates-run --quiet
cp candidates-run/best.siderin candidates.siderin
column -s, -t steps.csv
