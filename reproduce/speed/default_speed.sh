#!/usr/bin/env bash
# Time and memory of `siderin detect` with the default model, whole command, two cores, on two simulated scans.
#
#   reproduce/speed/default_speed.sh [RUNS] [SIDERIN]     writes results/default-speed
#
# Runs the command once to warm up and RUNS times (5) to count. Needs GNU time (Debian: apt install time).
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-5} siderin=${2:-target/release/siderin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "${2:-}" ] || cargo build --release --quiet --bin siderin
out=results/default-speed
mkdir -p "$out"
echo "protocol,run,wall_s,peak_kib" > "$out/table.csv"
protocols=(3t-gre-1x3 3t-swi-0.45x1)
for protocol in "${protocols[@]}"; do
  "$siderin" simulate scan --protocol "$protocol" --lesions 6 --seed 1 --quiet --out "$work/$protocol"
  image=$work/$protocol/swi.nii.gz
  [ -f "$image" ] || image=$work/$protocol/magnitude.nii.gz
  for run in $(seq 0 "$runs"); do
    taskset -c 0,1 env RAYON_NUM_THREADS=2 /usr/bin/time -o "$work/time" -f "%e,%M" \
      "$siderin" detect "$image" --out "$work/out" --force --quiet
    [ "$run" -eq 0 ] || echo "$protocol,$run,$(cat "$work/time")" >> "$out/table.csv"
  done
done
column() { grep "^$1," "$out/table.csv" | cut -d, -f"$2" | sort -g; }
middle() { column "$1" "$2" | sed -n "$(((runs + 1) / 2))p"; }
row() {
  echo "| $1 | $(middle "$1" 3) s | $(column "$1" 3 | tail -1) s | $2 s | $(($(column "$1" 4 | tail -1) / 1024)) MiB |"
}
{
  echo "# The default model's time"
  echo
  echo "Whole command on two cores: reading, brain and regions, search, judgement, report. The aim for memory is"
  echo "1536 MiB."
  echo
  echo "| scan | median | largest | aim | peak memory |"
  echo "|---|---|---|---|---|"
  row 3t-gre-1x3 4
  row 3t-swi-0.45x1 12
  echo
  echo "- runs: $runs of each after one to warm up (table.csv)"
  echo "- scans: \`siderin simulate scan --protocol PROTOCOL --lesions 6 --seed 1\`"
  echo "- program: $(($(stat -c %s "$siderin") / 1048576)) MiB"
  echo "- machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), 2 cores"
  echo "- version: $("$siderin" --version), $(rustc --version)"
  echo "- command: reproduce/speed/default_speed.sh $runs"
} > "$out/README.md"
cat "$out/README.md"
