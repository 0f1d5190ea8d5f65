#!/usr/bin/env bash
# Scores the learning-free detector on the `bench` cohort, writes tables and the report to
# results/bench-baseline, and prints what its README quotes besides.
#
#   reproduce/studies/bench_baseline.sh COHORT FOLDER [SIDERIN]
#
# COHORT: made by `siderin simulate cohort cohorts/bench.toml --heads HEADS --out COHORT --jobs 2`.
# FOLDER: where the detections go. Of a scan with a susceptibility-weighted image that image is
# read, of all others the magnitude.
set -euo pipefail
cohort=$1 found=$2 siderin=${3:-target/release/siderin}
cd "$(dirname "$0")/../.."
out=results/bench-baseline
scans=()
for folder in "$cohort"/sub-*/anat; do
  subject=$(basename "$(dirname "$folder")")
  image="$folder/${subject}_swi.nii.gz"
  [ -f "$image" ] || image="$folder/${subject}_part-mag_T2starw.nii.gz"
  scans+=("$image")
done
# Results of another version would be scored as this one's.
rm -rf "$found"
"$siderin" detect --rules "${scans[@]}" --out "$found" --quiet
scores=$(mktemp -d)/scores
"$siderin" evaluate --ref "$cohort/derivatives/truth" --pred "$found" --rule centroid-5mm \
  --scans "$cohort" --table "$cohort/participants.tsv" --by protocol --curve-threshold 0.05 \
  --out "$scores"
cp "$scores"/metrics.csv "$scores"/report.html "$out"
python3 -c "
import json, sys
m = json.load(open('$scores/metrics.json'))
keys = ['software', 'rule', 'settings', 'bootstrap', 'missing', 'warnings', 'summary', 'strata']
json.dump({k: m[k] for k in keys}, open('$out/summary.json', 'w'), indent=1)
"
python3 reproduce/studies/false_alarms_by_mimic.py "$scores/metrics.json" "$cohort"
