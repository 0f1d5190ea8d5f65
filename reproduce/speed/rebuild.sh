#!/usr/bin/env bash
# What an edit costs: touches a file of a checkout whose tests are built, and times building them again, with the number
# of siderin's crates that it took.
#
#   reproduce/speed/rebuild.sh CHECKOUT LABEL FILE...     appends to results/rebuild/table.csv
#
# CARGO_TARGET_DIR, where it is set, is the checkout's.
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
cargo test --locked --workspace --no-run >"$log" 2>&1
for file in "$@"; do
  touch "$file"
  start=$SECONDS
  cargo test --locked --workspace --no-run >"$log" 2>&1
  echo "$label,$file,$(grep -c "Compiling siderin" "$log"),$((SECONDS - start))" >>"$out/table.csv"
done
