#!/usr/bin/env bash
# What an edit costs: touches a file of a checkout that is built, and times the build of the program and how many
# crates it took.
#
#   reproduce/speed/rebuild.sh CHECKOUT LABEL FILE...     appends to results/rebuild/table.csv
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
checkout=$1 label=$2
shift 2
out=$here/results/rebuild
mkdir -p "$out"
[ -f "$out/table.csv" ] || echo "tree,edited,crates,seconds" >"$out/table.csv"
cd "$checkout"
export CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never
log=$(mktemp)
cargo build --locked --workspace --bins >"$log" 2>&1
for file in "$@"; do
  touch "$file"
  start=$(date +%s.%N)
  cargo build --locked --workspace --bins >"$log" 2>&1
  seconds=$(echo "$(date +%s.%N) - $start" | bc)
  echo "$label,$file,$(grep -c "Compiling" "$log"),$(printf '%.1f' "$seconds")" >>"$out/table.csv"
done
