#!/usr/bin/env bash
# Time and memory of `siderin detect --rules` on a 512×512×160 scan, whole command, two cores.
#
#   reproduce/speed/detect_large.sh [RUNS]
#
# Makes the scan (a painted phantom), runs the command once to warm up and RUNS times (5) to
# count, and writes results/detect-large/. Needs GNU time (Debian: apt install time).
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --release --quiet --bin siderin
cargo run --release --quiet -p siderin-reproduce --bin phantom -- "$work/large.nii.gz" 512 512 160 0.43 0.43 1

out=results/detect-large
echo "run,wall_s,peak_kib" > "$out/table.csv"
for run in $(seq 0 "$runs"); do
  taskset -c 0,1 env RAYON_NUM_THREADS=2 /usr/bin/time -o "$work/time" -f "%e,%M" \
    target/release/siderin detect --rules "$work/large.nii.gz" --out "$work/out" --force --quiet
  [ "$run" -eq 0 ] || echo "$run,$(cat "$work/time")" >> "$out/table.csv"
done

column() { tail -n +2 "$out/table.csv" | cut -d, -f"$1" | sort -g; }
middle() { column "$1" | sed -n "$(((runs + 1) / 2))p"; }
{
  echo "# siderin detect --rules on 512×512×160"
  echo
  echo "Whole command on two cores: reading 50 MB of NIfTI, brain mask, search, report."
  echo
  echo "| | median | largest | target |"
  echo "|---|---|---|---|"
  echo "| wall time | $(middle 2) s | $(column 2 | tail -1) s | 12 s |"
  echo "| peak memory | $(($(middle 3) / 1024)) MiB | $(($(column 3 | tail -1) / 1024)) MiB | 1536 MiB |"
  echo
  echo "- runs: $runs after one to warm up (table.csv)"
  echo "- scan: painted phantom, 0.43×0.43×1 mm, int16, gzip"
  echo "- machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), 2 cores"
  echo "- version: $(target/release/siderin --version), $(rustc --version)"
  echo "- command: reproduce/speed/detect_large.sh $runs"
} > "$out/README.md"
cat "$out/README.md"
