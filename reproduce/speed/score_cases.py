#!/usr/bin/env python3
"""Makes COUNT cases of 256×256×60 for measuring the scorer: masks and probability maps.

    python3 reproduce/speed/score_cases.py FOLDER COUNT

needs numpy and nibabel. References are 8-bit masks of 0 to 20 balls of 1 to 5 mm; predictions are
32-bit probabilities: three in four of the balls, moved by up to 3 mm, and false alarms.
"""

import sys
from pathlib import Path

import nibabel as nib
import numpy as np

SHAPE = (256, 256, 60)
SPACING = np.array([0.9, 0.9, 2.2])


def ball(volume, center, radius, value):
    low = np.maximum(np.floor((center - radius) / SPACING).astype(int), 0)
    high = np.minimum(np.ceil((center + radius) / SPACING).astype(int) + 1, SHAPE)
    grid = np.stack(np.meshgrid(*[np.arange(a, b) for a, b in zip(low, high)], indexing="ij"), -1)
    inside = np.linalg.norm(grid * SPACING - center, axis=-1) <= radius
    part = volume[tuple(slice(a, b) for a, b in zip(low, high))]
    part[inside] = np.maximum(part[inside], value)


def main():
    out, count = Path(sys.argv[1]), int(sys.argv[2])
    for side in ("ref", "pred"):
        (out / side).mkdir(parents=True, exist_ok=True)
    affine = np.diag([*SPACING, 1.0])
    for number in range(count):
        random = np.random.default_rng(number)
        truth = np.zeros(SHAPE, np.uint8)
        found = np.zeros(SHAPE, np.float32)
        size = np.array(SHAPE) * SPACING
        for _ in range(random.integers(0, 21)):
            center = random.uniform(10, size - 10)
            radius = random.uniform(0.5, 2.5) + 1.0
            ball(truth, center, radius, 1)
            if random.random() < 0.75:
                ball(found, center + random.uniform(-1.7, 1.7, 3), radius, random.uniform(0.4, 1))
        for _ in range(random.integers(0, 6)):
            ball(found, random.uniform(10, size - 10), 2.0, random.uniform(0.3, 0.9))
        for side, volume in (("ref", truth), ("pred", found)):
            path = out / side / f"sub-{number:04d}_{'CMB' if side == 'ref' else 'probseg'}.nii.gz"
            nib.save(nib.Nifti1Image(volume, affine), path)


main()
