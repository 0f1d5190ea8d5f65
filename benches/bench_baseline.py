#!/usr/bin/env python3
"""Scores the learning-free detector on the `bench` cohort and writes results/bench-baseline.

    siderin simulate cohort cohorts/bench.toml --heads FOLDER --out BENCH --jobs 2
    python3 benches/bench_baseline.py BENCH SIDERIN

needs numpy, scipy and SimpleITK. Of a scan with a susceptibility-weighted image that image is
read, of all others the magnitude.

Rule: centroid within 5 mm. Findings and reference lesions are the labels of lesions.nii.gz and
of the truth mask; centroids are in world mm; pairs are matched one to one so that as many as
possible match and, among those, the distances sum to the least (Hungarian), a pair counting
only up to 5 mm. Micro: counts summed over scans. Intervals: percentile bootstrap over scans,
10,000 times, seed 0.
"""

import csv
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import center_of_mass
from scipy.optimize import linear_sum_assignment

LIMIT_MM = 5.0
DIAMETERS = [(0, 3), (3, 5), (5, 99)]
NAMES = {
    "recall": "recall",
    "precision": "precision",
    "f1": "F1",
    "fp_per_scan": "false alarms per scan",
}
HEAD = """# The detector without learning on the bench cohort

What the search by rules (threshold 0.5, its default) finds on 72 simulated scans that nothing was
chosen on. This is what trained models must beat. **Simulated scans: no real microbleed was
available, and what this says about patients is not known.**

Rule: centroid within 5 mm, one to one, optimal; micro counts; intervals by bootstrap over scans.
Not comparable with numbers under other rules, nor with other data. SWI where the protocol makes
one, magnitude elsewhere.
"""


def centroids(path):
    image = sitk.ReadImage(str(path))
    labels = sitk.GetArrayFromImage(image)
    numbers = [int(n) for n in np.unique(labels) if n > 0]
    places = center_of_mass(labels > 0, labels, numbers) if numbers else []
    world = [image.TransformContinuousIndexToPhysicalPoint(p[::-1]) for p in places]
    return numbers, np.array(world).reshape(-1, 3)


def match(found, truth):
    """Index pairs (found, truth) within the limit."""
    if len(found) == 0 or len(truth) == 0:
        return []
    distance = np.linalg.norm(found[:, None] - truth[None], axis=2)
    rows, columns = linear_sum_assignment(np.where(distance <= LIMIT_MM, distance, 1e6))
    return [(r, c) for r, c in zip(rows, columns) if distance[r, c] <= LIMIT_MM]


def nearest_mimic(place, record):
    """Kind of the closest mimic's surface and its distance in mm (truth is RAS, ITK is LPS)."""
    at = np.array([-place[0], -place[1], place[2]])
    best = ("none", np.inf)
    for mimic in record["mimics"]:
        points = np.array(mimic["points_mm"])
        # Tubes have points every 3 mm: halves between them are close enough.
        if mimic["form"] == "tube" and len(points) > 1:
            points = np.concatenate([points, (points[1:] + points[:-1]) / 2])
        distance = np.linalg.norm(points - at, axis=1).min() - max(mimic["radius_mm"])
        if distance < best[1]:
            best = (mimic["kind"], distance)
    return best


def score(bench, results, subject):
    truth_folder = bench / "derivatives/truth" / subject / "anat"
    record = json.loads((truth_folder / f"{subject}_truth.json").read_text())
    swi = record["visit"]["protocol"]["swi"]
    name = f"{subject}_swi" if swi else f"{subject}_part-mag_T2starw"
    _, found = centroids(results / name / "lesions.nii.gz")
    ids, truth = centroids(truth_folder / f"{subject}_desc-lesions_dseg.nii.gz")
    pairs = match(found, truth)
    lesions = {lesion["id"]: lesion for lesion in record["lesions"]}
    hit = {ids[c] for _, c in pairs}
    sizes = [
        (lesions[n]["visible_diameter_mm"], lesions[n]["region"], n in hit) for n in ids
    ]
    causes = []
    for index in set(range(len(found))) - {r for r, _ in pairs}:
        kind, distance = nearest_mimic(found[index], record)
        causes.append(kind if distance <= 2.0 else "no mimic within 2 mm")
    return {
        "subject": subject,
        "head": record["head"],
        "protocol": record["visit"]["protocol"]["name"],
        "snr": round(record["visit"]["imperfections"]["snr"], 1),
        "placed": len(record["lesions"]),
        "visible": len(truth),
        "tp": len(pairs),
        "fp": len(found) - len(pairs),
        "fn": len(truth) - len(pairs),
        "sizes": sizes,
        "causes": causes,
    }


def rates(rows):
    tp, fp, fn = (sum(r[k] for r in rows) for k in ("tp", "fp", "fn"))
    recall = tp / (tp + fn) if tp + fn else float("nan")
    precision = tp / (tp + fp) if tp + fp else float("nan")
    f1 = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else float("nan")
    return {"recall": recall, "precision": precision, "f1": f1, "fp_per_scan": fp / len(rows)}


def interval(rows, key):
    random = np.random.default_rng(0)
    values = [
        rates([rows[i] for i in random.integers(0, len(rows), len(rows))])[key]
        for _ in range(10_000)
    ]
    return np.nanpercentile(values, [2.5, 97.5])


def main():
    bench, siderin = Path(sys.argv[1]), sys.argv[2]
    out = Path(__file__).resolve().parent.parent / "results/bench-baseline"
    out.mkdir(parents=True, exist_ok=True)
    results = bench.parent / f"{bench.name}-results"
    # Results of another version would be scored as this one's.
    shutil.rmtree(results, ignore_errors=True)
    subjects = sorted(p.name for p in bench.glob("sub-*"))
    for subject in subjects:
        folder = bench / subject / "anat"
        swi = folder / f"{subject}_swi.nii.gz"
        image = swi if swi.exists() else folder / f"{subject}_part-mag_T2starw.nii.gz"
        command = [siderin, "detect", str(image), "--out", str(results), "--quiet"]
        subprocess.run(command, check=True)
    rows = [score(bench, results, subject) for subject in subjects]
    with open(out / "scans.csv", "w", newline="") as sink:
        fields = ["subject", "head", "protocol", "snr", "placed", "visible", "tp", "fp", "fn"]
        writer = csv.DictWriter(sink, fields, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with open(out / "lesions.csv", "w", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(["subject", "visible_diameter_mm", "region", "found"])
        for row in rows:
            writer.writerows([row["subject"], *size] for size in row["sizes"])
    (out / "README.md").write_text(report(bench, siderin, rows))


def report(bench, siderin, rows):
    text = [HEAD, "| all scans | value | 95 % |", "|---|---|---|"]
    for key, value in rates(rows).items():
        low, high = interval(rows, key)
        text.append(f"| {NAMES[key]} | {value:.3f} | {low:.3f} to {high:.3f} |")
    counts = [sum(r[k] for r in rows) for k in ("tp", "fp", "fn")]
    text.append(f"\n{counts[0]} found, {counts[1]} false alarms, {counts[2]} missed.\n")
    text.append("| protocol | scans | visible lesions | recall | precision | F1 | FP per scan |")
    text.append("|---|---|---|---|---|---|---|")
    for protocol in dict.fromkeys(r["protocol"] for r in rows):
        part = [r for r in rows if r["protocol"] == protocol]
        r = rates(part)
        text.append(
            f"| {protocol} | {len(part)} | {sum(p['visible'] for p in part)} | {r['recall']:.2f} "
            f"| {r['precision']:.2f} | {r['f1']:.2f} | {r['fp_per_scan']:.1f} |"
        )
    text.append("\n| visible diameter | lesions | recall |\n|---|---|---|")
    sizes = [size for row in rows for size in row["sizes"]]
    for low, high in DIAMETERS:
        part = [s for s in sizes if low < s[0] <= high]
        name = f"over {low} mm" if high == 99 else f"over {low} to {high} mm"
        found = f"{np.mean([s[2] for s in part]):.2f}" if part else "-"
        text.append(f"| {name} | {len(part)} | {found} |")
    negatives = [r for r in rows if r["visible"] == 0]
    clean = sum(r["fp"] == 0 for r in negatives)
    placed = sum(r["placed"] for r in rows)
    text.append(
        f"\n{len(rows)} scans; {placed} lesions placed, {len(sizes)} of them visible and scored. "
        f"{len(negatives)} scans show none; {clean} of these got no finding.\n"
    )
    text.append("| closest to the false alarm's centre, within 2 mm | number |\n|---|---|")
    causes = [cause for row in rows for cause in row["causes"]]
    for cause in sorted(set(causes), key=lambda c: -causes.count(c)):
        text.append(f"| {cause.replace('_', ' ')} | {causes.count(cause)} |")
    version = subprocess.run([siderin, "--version"], capture_output=True, text=True, check=True)
    cpu = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line),
        platform.processor(),
    )
    text.append(f"\n- cohort: cohorts/bench.toml; tables: scans.csv, lesions.csv")
    text.append(f"- version: {version.stdout.strip()}; machine: {cpu}")
    text.append("- commands: in benches/bench_baseline.py")
    return "\n".join(text) + "\n"


main()
