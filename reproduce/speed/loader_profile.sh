#!/usr/bin/env bash
# How fast samples are made against how fast the network takes them, for every config of configs/small
# and configs/paper, to results/training-loader/table.csv: STEPS steps of each on this machine.
#
#   reproduce/speed/loader_profile.sh COHORT FOLDER [STEPS] [SIDERIN]
#
# COHORT: a simulated cohort of a few scans with T1w images (`t1w = true`). FOLDER: where the runs go; they are removed.
set -euo pipefail
mkdir -p "$2"
cohort=$(realpath "$1") folder=$(realpath "$2") steps=${3:-5}
siderin=$(realpath "${4:-$(dirname "$0")/../../target/release/siderin}")
cd "$(dirname "$0")/../.."
out=results/training-loader
mkdir -p "$out"
table=$out/table.csv
echo "config,steps,batches_per_s_network,batches_per_s_loader,share_of_time_waiting,memory_mib" > "$table"
for config in configs/small/*.toml configs/paper/*.toml; do
  run=$folder/$(basename "$(dirname "$config")")-$(basename "$config" .toml)
  rm -rf "$run"
  "$siderin" train "$config" --data "$cohort" --cache "$folder/prepared" --loaders 1 \
    --pause-after "$steps" --quiet --out "$run"
  # A batch a step, or several; a second of the network is one that did not wait.
  tail -n 1 "$run/speed.csv" | awk -F, -v config="${config#configs/}" \
    -v batches="$(sed -n 's/^accumulate = //p' "$run/config.toml")" \
    '{ printf "%s,%d,%.3f,%.2f,%.4f,%d\n", config, $1, $1 * batches / ($2 * (1 - $3)), $4, $3, $5 }' \
    >> "$table"
  rm -rf "$run"
done
column -s, -t "$table"
