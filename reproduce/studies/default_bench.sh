#!/usr/bin/env bash
# Scores the default model on a simulated cohort at its operating points, and its brain regions; writes
# results/default-model/NAME: scores of each point, mimics behind the false alarms, Dice of the regions.
#
#   reproduce/studies/default_bench.sh NAME COHORT FOLDER [SIDERIN]
#
# NAME: `dev`, as often as there is a choice to make, or `bench`, once. COHORT: made by `siderin simulate cohort
# cohorts/NAME.toml --heads HEADS --out COHORT --jobs 2`. FOLDER: where the detections go. POINTS in the environment:
# fewer operating points than all three. Of a scan with a susceptibility-weighted image that image is read, of all
# others the magnitude.
set -euo pipefail
cohort=$(realpath "$2") siderin=$(realpath "${4:-target/release/siderin}")
mkdir -p "$3"
found=$(realpath "$3")
cd "$(dirname "$0")/../.."
out=results/default-model/$1
mkdir -p "$out"
scans=()
for anat in "$cohort"/sub-*/anat; do
  subject=$(basename "$(dirname "$anat")")
  image="$anat/${subject}_swi.nii.gz"
  [ -f "$image" ] || image="$anat/${subject}_part-mag_T2starw.nii.gz"
  scans+=("$image")
done
# Results of another version would be scored as this one's.
for point in ${POINTS:-sensitive balanced specific}; do
  rm -rf "$found/$point"
  "$siderin" detect "${scans[@]}" --operating-point "$point" --out "$found/$point" --quiet
  scores=$found/$point-scores
  "$siderin" evaluate --ref "$cohort/derivatives/truth" --pred "$found/$point" --rule centroid-5mm \
    --scans "$cohort" --table "$cohort/participants.tsv" --by protocol --curve-threshold 0.02 \
    --force --quiet --out "$scores"
  python3 -c "
import json
m = json.load(open('$scores/metrics.json'))
keys = ['software', 'rule', 'settings', 'bootstrap', 'missing', 'warnings', 'summary', 'strata']
json.dump({k: m[k] for k in keys}, open('$out/$point.json', 'w'), indent=1)
"
  cp "$scores/metrics.csv" "$out/$point.csv"
done
python3 reproduce/studies/false_alarms_by_mimic.py "$found/balanced-scores/metrics.json" "$cohort" | tee "$out/mimics.md"
python3 reproduce/studies/region_overlap.py cohort "$cohort" "$out" --siderin "$siderin"
