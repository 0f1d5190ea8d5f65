#!/usr/bin/env bash
# Time and memory of `siderin simulate scan`, whole command, two cores, and training patches a
# second. Writes results/simulate-speed/. Needs GNU time (Debian: apt install time).
#
#   reproduce/speed/simulate_speed.sh HEAD.nii.gz [RUNS]
set -euo pipefail
cd "$(dirname "$0")/../.."
head=$1
runs=${2:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --release --quiet --bin siderin
cargo build --release --quiet -p siderin-reproduce --bin patch_speed
out=results/simulate-speed
mkdir -p "$out"
two="taskset -c 0,1 env RAYON_NUM_THREADS=2"
echo "protocol,run,wall_s,peak_kib" > "$out/table.csv"
protocols="3t-swi-0.45x1 3t-gre-1x3 7t-gre-0.3x0.8"
for protocol in $protocols; do
  for run in $(seq "$runs"); do
    $two /usr/bin/time -o "$work/time" -f "%e,%M" target/release/siderin simulate scan \
      --head "$head" --protocol "$protocol" --lesions 12 --seed 1 --out "$work/scan" --quiet
    echo "$protocol,$run,$(cat "$work/time")" >> "$out/table.csv"
    rm -rf "$work/scan"
  done
done
worst() { grep "^$1," "$out/table.csv" | cut -d, -f"$2" | sort -g | tail -1; }
middle() { grep "^$1," "$out/table.csv" | cut -d, -f3 | sort -g | sed -n "$(((runs + 1) / 2))p"; }
row() { echo "| $1 | $(middle "$1") s | $(worst "$1" 3) s | $(($(worst "$1" 4) / 1024)) MiB | $2 |"; }
{
  echo "# siderin simulate"
  echo
  echo "Whole command on two cores: reading the head, shaping it, field, scan with 12 microbleeds,"
  echo "truth, images, writing."
  echo
  echo "| protocol | median | slowest | peak memory | target |"
  echo "|---|---|---|---|---|"
  row 3t-swi-0.45x1 "60 s, 6 GiB"
  row 3t-gre-1x3 "15 s"
  row 7t-gre-0.3x0.8 "12 GiB"
  echo
  echo "Training patches of 48 mm, one microbleed of drawn size each, with mask and noise (target:"
  echo "50 a second):"
  echo
  for protocol in 3t-gre-1x3 3t-gre-0.85x5 3t-gre-0.45x3 3t-swi-0.45x1; do
    echo "- $($two target/release/patch_speed "$protocol" 400)"
  done
  echo
  echo "- runs: $runs (table.csv)"
  echo "- machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), 2 cores"
  echo "- version: $(target/release/siderin --version), $(rustc --version)"
  echo "- command: reproduce/speed/simulate_speed.sh $(basename "$head") $runs"
} > "$out/README.md"
cat "$out/README.md"
