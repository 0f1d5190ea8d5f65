#!/usr/bin/env bash
# Trains a small network on simulated scans and writes what it reached to results/training-small/NAME:
# history, curves and speed of the training, its scores on the scans that it learnt from and on those
# that picked it, and, if BENCH is given, on the `bench` cohort (to be done once).
#
#   reproduce/studies/training_small.sh NAME TRAIN DEV FOLDER [BENCH] [SIDERIN]
#
# NAME: of a config in configs/small. TRAIN, DEV, BENCH: cohorts made by `siderin simulate cohort
# cohorts/….toml --heads HEADS --out COHORT --jobs 2`. FOLDER: where run and detections go; a run that
# is there is gone on with. Of a bench scan with a susceptibility-weighted image that image is read, of
# all others the magnitude.
set -euo pipefail
name=$1 train=$2 dev=$3 folder=$4 bench=${5:-} siderin=${6:-target/release/siderin}
cd "$(dirname "$0")/../.."
out=results/training-small/$name
mkdir -p "$out"
run=$folder/$name
"$siderin" train "configs/small/$name.toml" --data "$train" --validation "$dev" \
  --cache "$folder/prepared" --scores --out "$run"
cp "$run"/history.csv "$run"/curves.svg "$run"/speed.csv "$run"/versions.json "$out"
summary() {
  python3 -c "
import json
m = json.load(open('$1/metrics.json'))
keys = ['software', 'rule', 'settings', 'bootstrap', 'missing', 'warnings', 'summary', 'strata']
json.dump({k: m[k] for k in keys}, open('$out/$2.json', 'w'), indent=1)
"
  cp "$1/metrics.csv" "$out/$2.csv"
}
summary "$run/scores-train" train
summary "$run/scores-validation" validation
[ -n "$bench" ] || exit 0
scans=()
for anat in "$bench"/sub-*/anat; do
  subject=$(basename "$(dirname "$anat")")
  image="$anat/${subject}_swi.nii.gz"
  [ -f "$image" ] || image="$anat/${subject}_part-mag_T2starw.nii.gz"
  scans+=("$image")
done
"$siderin" detect "${scans[@]}" --model "$run/best.siderin" --out "$folder/$name-bench" --quiet
"$siderin" evaluate --ref "$bench/derivatives/truth" --pred "$folder/$name-bench" \
  --rule centroid-5mm --scans "$bench" --table "$bench/participants.tsv" --by protocol \
  --out "$folder/$name-scores"
summary "$folder/$name-scores" bench
