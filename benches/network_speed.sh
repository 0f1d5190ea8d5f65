#!/usr/bin/env bash
# Time and memory of the networks on a 512×512×160 scan, two cores, burn's `flex` on the CPU.
#
#   benches/network_speed.sh
#
# The small presets run whole (`siderin detect --model`, time and peak memory of the command); all
# eight are timed for one slice or tile, which is multiplied by the number a scan has. The weights
# are random, which changes no time, and the threshold is high, so that nothing is found. Writes
# results/network-speed/. Needs GNU time (Debian: apt install time).
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# In one go: built one by one, the crates below would be compiled for each anew.
cargo build --release --quiet --workspace --bin siderin --example network_units --example phantom
target/release/examples/phantom "$work/large.nii.gz" 512 512 160 0.43 0.43 1
export RAYON_NUM_THREADS=2
out=results/network-speed
mkdir -p "$out"

echo "architecture,wall_s,peak_kib" > "$out/whole.csv"
for architecture in rlk-unet unet3d mmoc-net guided-unet; do
  target/release/siderin model new --architecture "$architecture" --out "$work/$architecture.siderin" > "$work/log"
  taskset -c 0,1 /usr/bin/time -o "$work/time" -f "%e,%M" target/release/siderin detect "$work/large.nii.gz" \
    --model "$work/$architecture.siderin" --threshold 0.99 --out "$work/out" --force --quiet 2>> "$work/log"
  echo "$architecture,$(cat "$work/time")" >> "$out/whole.csv"
done
taskset -c 0,1 target/release/examples/network_units "$work/large.nii.gz" > "$out/units.csv"

rows() { tail -n +2 "$1"; }
{
  echo "# The four networks on 512×512×160"
  echo
  echo "Whole command with the small presets: reading, brain mask, preparation, network, report."
  echo "A painted phantom of 0.43×0.43×1 mm, two cores; burn's pure Rust backend \`flex\`."
  echo
  echo "| small preset | wall time | peak memory | target |"
  echo "|---|---|---|---|"
  rows "$out/whole.csv" | awk -F, '{printf "| %s | %.0f s | %d MiB | 2048 MiB |\n", $1, $2, $3 / 1024}'
  echo
  echo "One slice or tile (median of 3), times the number that the scan has; \`scan\` is that and"
  echo "the preparation. The cascade's second stage comes on top, by the regions that the first finds."
  echo
  echo "| network | preset | numbers | unit | one | number | scan |"
  echo "|---|---|---|---|---|---|---|"
  rows "$out/units.csv" | awk -F, '{printf "| %s | %s | %s | %s | %.2f s | %s | %s |\n", $1, $2, $3, $5, $6, $7, $8 == "" ? "" : $8 " s"}'
  echo
  echo "- tables: whole.csv (each run once), units.csv"
  echo "- machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), 2 cores"
  echo "- version: $(target/release/siderin --version), $(rustc --version)"
  echo "- command: benches/network_speed.sh"
} > "$out/README.md"
cat "$out/README.md"
