"""Counts of panoptica for tests/scoring_oracle.rs.

panoptica_counts.py FOLDER reads FOLDER/cases.json (shape and number of cases) and raw 8-bit masks
FOLDER/N.ref and FOLDER/N.pred, and writes tp, fp, fn and mean Dice of each case as JSON. Any shared
voxel is a match.
"""
import json
import pathlib
import sys

import numpy
from panoptica import (
    ConnectedComponentsInstanceApproximator,
    InputType,
    Metric,
    NaiveThresholdMatching,
    Panoptica_Evaluator,
)

folder = pathlib.Path(sys.argv[1])
given = json.loads((folder / "cases.json").read_text())
evaluator = Panoptica_Evaluator(
    expected_input=InputType.SEMANTIC,
    instance_approximator=ConnectedComponentsInstanceApproximator(),
    instance_matcher=NaiveThresholdMatching(
        matching_metric=Metric.IOU, matching_threshold=0.0, strict_threshold=True
    ),
    instance_metrics=[Metric.DSC, Metric.IOU],
)


def mask(name: str) -> numpy.ndarray:
    values = numpy.fromfile(folder / name, dtype=numpy.uint8)
    return values.reshape(given["shape"], order="F")


results = []
for number in range(given["count"]):
    result = evaluator.evaluate(mask(f"{number}.pred"), mask(f"{number}.ref"))["ungrouped"]
    dice = result.sq_dsc if result.tp else None
    results.append([int(result.tp), int(result.fp), int(result.fn), dice])
print("RESULT " + json.dumps(results))
