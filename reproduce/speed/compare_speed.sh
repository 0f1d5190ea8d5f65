#!/usr/bin/env bash
# Time and memory of `siderin compare` and `siderin register`, whole commands, two cores, on two simulated visits.
#
#   reproduce/speed/compare_speed.sh [RUNS] [SIDERIN]     writes results/compare-speed
#
# Runs each command once to warm up and RUNS times (5) to count. Needs GNU time (Debian: apt install time).
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-5} siderin=${2:-target/release/siderin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "${2:-}" ] || cargo build --release --quiet --bin siderin
out=results/compare-speed
mkdir -p "$out"
echo "command,run,wall_s,peak_kib" > "$out/table.csv"
"$siderin" simulate scan --lesions 6 --visit2 3,0 --seed 1 --quiet --out "$work/scan"
for command in compare register; do
  for run in $(seq 0 "$runs"); do
    taskset -c 0,1 env RAYON_NUM_THREADS=2 /usr/bin/time -o "$work/time" -f "%e,%M" "$siderin" "$command" \
      "$work/scan/magnitude.nii.gz" "$work/scan/visit2/magnitude.nii.gz" --out "$work/$command" --force --quiet
    [ "$run" -eq 0 ] || echo "$command,$run,$(cat "$work/time")" >> "$out/table.csv"
  done
done
column() { grep "^$1," "$out/table.csv" | cut -d, -f"$2" | sort -g; }
middle() { column "$1" "$2" | sed -n "$(((runs + 1) / 2))p"; }
row() {
  echo "| $1 | $(middle "$1" 3) s | $(column "$1" 3 | tail -1) s | $(($(column "$1" 4 | tail -1) / 1024)) MiB |"
}
{
  echo "# Time of comparing two visits"
  echo
  echo "Two scans of 1×1×3 mm, whole command on two cores. \`compare\` reads, detects in both, registers and writes the"
  echo "report; \`register\` reads, registers and writes the image. The aim is 6 s."
  echo
  echo "| command | median | largest | peak memory |"
  echo "|---|---|---|---|"
  row compare
  row register
  echo
  echo "- runs: $runs of each after one to warm up (table.csv)"
  echo "- scans: \`siderin simulate scan --lesions 6 --visit2 3,0 --seed 1\`"
  echo "- machine: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), 2 cores"
  echo "- version: $("$siderin" --version), $(rustc --version)"
  echo "- command: reproduce/speed/compare_speed.sh $runs"
} > "$out/README.md"
cat "$out/README.md"
