#!/usr/bin/env bash
# Time and memory of the networks on a 512×512×160 scan, two cores, by the kernels and by burn's flex.
#
#   reproduce/speed/network_speed.sh
#
# The small presets run whole (`siderin detect --model`, time and peak memory of the command); all
# eight are timed for one slice or tile, which is multiplied by the number a scan has. The weights
# are random, which changes no time, and the threshold is high, so that nothing is found. Writes
# results/network-speed/. Needs GNU time (Debian: apt install time).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# In one go: built one by one, the crates below would be compiled once for each.
cargo build --release --quiet --workspace --bin siderin --bin network_units --bin phantom
target/release/phantom "$work/large.nii.gz" 512 512 160 0.43 0.43 1
export RAYON_NUM_THREADS=2
out=results/network-speed
mkdir -p "$out"

# `cpu` is the project's kernels, `cpu-burn` burn's flex: what it was before them.
echo "architecture,device,wall_s,peak_kib" > "$out/whole.csv"
for architecture in rlk-unet unet3d mmoc-net guided-unet; do
  target/release/siderin model new --architecture "$architecture" --out "$work/$architecture.siderin" > "$work/log"
  for device in cpu cpu-burn; do
    taskset -c 0,1 /usr/bin/time -o "$work/time" -f "%e,%M" target/release/siderin detect "$work/large.nii.gz" \
      --model "$work/$architecture.siderin" --device "$device" --threshold 0.99 --out "$work/out" --force --quiet 2>> "$work/log"
    echo "$architecture,$device,$(cat "$work/time")" >> "$out/whole.csv"
  done
done
taskset -c 0,1 target/release/network_units "$work/large.nii.gz" > "$out/units.csv"
# units-flex.csv: the same by burn's flex, as measured when it was all there was.

rows() { tail -n +2 "$1"; }
{
  echo "# The four networks on 512×512×160"
  echo
  echo "Whole command with the small presets: reading, brain mask, preparation, network, report."
  echo "A painted phantom of 0.43×0.43×1 mm, two cores. \`kernels\` are the project's own (\`--device cpu\`),"
  echo "\`before\` is burn's pure Rust backend \`flex\` (\`--device cpu-burn\`), each run once, one after the other."
  echo
  echo "| small preset | kernels | peak memory | before | peak memory | memory target |"
  echo "|---|---|---|---|---|---|"
  rows "$out/whole.csv" | paste -d, - - | awk -F, '{printf "| %s | %.0f s | %d MiB | %.0f s | %d MiB | 2048 MiB |\n", $1, $3, $4 / 1024, $7, $8 / 1024}'
  echo
  echo "One slice or tile (median of 3), times the number that the scan has; \`scan\` is that and"
  echo "the preparation. The cascade's second stage comes on top, by the regions that the first finds."
  echo
  echo "\`before\` is from units-flex.csv, an earlier run on such a machine."
  echo
  echo "| network | preset | numbers | unit | kernels | before | number | scan | scan before |"
  echo "|---|---|---|---|---|---|---|---|---|"
  paste -d, "$out/units.csv" "$out/units-flex.csv" | tail -n +2 |
    awk -F, '{printf "| %s | %s | %s | %s | %.2f s | %.2f s | %s | %s | %s |\n", $1, $2, $3, $5, $6, $14, $7, $8 == "" ? "" : $8 " s", $16 == "" ? "" : $16 " s"}'
  echo
  echo "- tables: whole.csv, units.csv, units-flex.csv"
  echo "- machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), 2 cores"
  echo "- version: $(target/release/siderin --version), $(rustc --version)"
  echo "- command: reproduce/speed/network_speed.sh"
} > "$out/README.md"
cat "$out/README.md"
