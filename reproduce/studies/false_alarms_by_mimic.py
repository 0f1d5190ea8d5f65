#!/usr/bin/env python3
"""What simulated scans show where false alarms are.

    python3 reproduce/studies/false_alarms_by_mimic.py METRICS.json COHORT

reads the scores of `siderin evaluate` and the truth of the simulated cohort they are about, and
prints a Markdown table: the kind of the mimic whose surface is closest to each false alarm's
centre, if it is within 2 mm. Needs numpy.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

WITHIN_MM = 2.0


def nearest_mimic(place, record):
    """Kind of the closest mimic's surface and its distance in mm."""
    best = ("none", np.inf)
    for mimic in record["mimics"]:
        points = np.array(mimic["points_mm"])
        # Tubes have points every 3 mm: halves between them are close enough.
        if mimic["form"] == "tube" and len(points) > 1:
            points = np.concatenate([points, (points[1:] + points[:-1]) / 2])
        distance = np.linalg.norm(points - place, axis=1).min() - max(mimic["radius_mm"])
        if distance < best[1]:
            best = (mimic["kind"], distance)
    return best


def main():
    metrics = json.loads(Path(sys.argv[1]).read_text())
    truth = Path(sys.argv[2]) / "derivatives/truth"
    causes = Counter()
    for case, score in metrics["subjects"].items():
        record = json.loads((truth / case / "anat" / f"{case}_truth.json").read_text())
        for lesion in score["predictions"]:
            if not lesion["matched"]:
                kind, distance = nearest_mimic(np.array(lesion["center_world_mm"]), record)
                causes[kind if distance <= WITHIN_MM else "no mimic within 2 mm"] += 1
    print("| closest to the false alarm's centre, within 2 mm | number |")
    print("|---|---|")
    for kind, number in causes.most_common():
        print(f"| {kind.replace('_', ' ')} | {number} |")


main()
