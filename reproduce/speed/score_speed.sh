#!/usr/bin/env bash
# Time and memory of `siderin evaluate`: 1000 cases of 256×256×60, and 20 of them in turn with a
# Python script of nibabel and scipy that counts the same. Writes results/score-speed/. Needs GNU
# time, and python3 with nibabel, numpy and scipy.
#
#   reproduce/speed/score_speed.sh FOLDER [PAIRS]
#
# FOLDER: as reproduce/speed/score_cases.py FOLDER 1000 makes it.
set -euo pipefail
cases=$(realpath "$1")
pairs=${2:-5}
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --release --quiet --bin siderin
out=results/score-speed
mkdir -p "$out" "$work/part/ref" "$work/part/pred"
for side in ref pred; do ln -s "$cases/$side"/sub-00[01][0-9]_* "$work/part/$side/"; done
two="taskset -c 0,1 env RAYON_NUM_THREADS=2"
timed() { # name, then the command
  $two /usr/bin/time -o "$work/time" -f "%e,%M" "${@:2}" >"$work/$1.said"
  echo "$1,$(cat "$work/time")" >>"$out/table.csv"
}
ours() { timed "$1" target/release/siderin evaluate --rule valdo --force --out "$work/scores" \
  --ref "$2/ref" --pred "$2/pred"; }
echo "run,wall_s,peak_kib" >"$out/table.csv"
for _ in $(seq "$pairs"); do
  ours siderin-20 "$work/part"
  timed python-20 python3 reproduce/speed/score_peer.py "$work/part"
done
python3 - "$work" <<'PY'
import json, sys
m = json.load(open(sys.argv[1] + "/scores/metrics.json"))["summary"]["figures"]
ours = [int(m["micro"][k]["value"]) for k in ("tp", "fp", "fn")] + [m["per_subject"]["f1"]["mean"]["value"]]
theirs = open(sys.argv[1] + "/python-20.said").read().split()
assert ours[:3] == [int(v) for v in theirs[:3]] and abs(ours[3] - float(theirs[3])) < 1e-12, (ours, theirs)
PY
for _ in 1 2 3; do ours siderin-1000 "$cases"; done
python3 - "$out" "$pairs" <<'PY' >"$out/README.md"
import csv, platform, statistics, subprocess, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/table.csv")))
def of(name, key): return [float(r[key]) for r in rows if r["run"] == name]
def line(name, words):
    return f"| {words} | {statistics.median(of(name, 'wall_s')):.2f} s | {max(of(name, 'wall_s')):.2f} s | {max(of(name, 'peak_kib')) / 1024:.0f} MiB |"
ratios = [a / b for a, b in zip(of("siderin-20", "wall_s"), of("python-20", "wall_s"))]
cpu = next(l.split(":")[1].strip() for l in open("/proc/cpuinfo") if "model name" in l)
version = subprocess.run(["target/release/siderin", "--version"], capture_output=True, text=True).stdout.strip()
print(f"""# siderin evaluate

Whole command on two cores under `valdo`: reading 256×256×60 masks and 32-bit probability maps,
scoring, 2000 draws for the intervals, writing. Target: 1000 cases in 90 s, memory that does not
grow with the number of cases.

| | median | slowest | peak memory |
|---|---|---|---|
{line("siderin-1000", "siderin, 1000 cases")}
{line("siderin-20", "siderin, 20 cases")}
{line("python-20", "nibabel and scipy, 20 cases, counts only")}

siderin takes {statistics.median(ratios):.2f} of the script's time (median of {len(ratios)} pairs run in turn, {min(ratios):.2f} to
{max(ratios):.2f}); the script uses one core and computes neither Dice nor intervals. Its counts and mean F1
equal siderin's (checked in the same run).

- runs: table.csv
- machine: {cpu}, 2 cores, Python {platform.python_version()}
- version: {version}
- command: reproduce/speed/score_cases.py FOLDER 1000; reproduce/speed/score_speed.sh FOLDER {sys.argv[2]}""")
PY
cat "$out/README.md"
