#!/usr/bin/env python3
"""VALDO's counts the way a Python script gets them, for timing beside `siderin evaluate`.

    python3 reproduce/speed/score_peer.py FOLDER

FOLDER as reproduce/speed/score_cases.py makes it. Needs nibabel, numpy and scipy. Prints summed true
positives, false positives and misses, and the mean F1.
"""

import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage


def objects(path):
    image = nib.load(path)
    mask = np.asanyarray(image.dataobj) >= 0.5
    labels, count = ndimage.label(mask)
    centers = ndimage.center_of_mass(mask, labels, range(1, count + 1)) if count else []
    return np.reshape(centers, (-1, 3)) * image.header.get_zooms()[:3]


def score(reference, prediction):
    if len(reference) == 0 or len(prediction) == 0:
        return 0, len(prediction), len(reference)
    distance = np.linalg.norm(prediction[:, None] - reference[None], axis=2)
    nearest, closest = distance.argmin(axis=1), distance.min(axis=1)
    found = len(set(nearest[closest < 5]))
    return found, len(prediction) - found, len(reference) - found


def main():
    folder = Path(sys.argv[1])
    total, f1 = np.zeros(3, int), []
    for reference in sorted((folder / "ref").glob("*.nii.gz")):
        prediction = folder / "pred" / reference.name.replace("_CMB", "_probseg")
        tp, fp, fn = score(objects(reference), objects(prediction))
        total += (tp, fp, fn)
        if tp + fn:
            f1.append(2 * tp / (2 * tp + fp + fn))
    print(*total, np.mean(f1))


main()
