"""Regions in slabs of simulated scans: how well they hold, and whether the map knows.

python3 reproduce/studies/region_slabs.py COHORT OUT [--siderin PROGRAM] [--model MODEL] [--every N] [--whole]
    Cuts each scan to a slab of 12 to 60 mm at a random height (--whole: leaves it as it is), finds regions in it, and
    writes to OUT/slabs.csv: Dice of the brain inside the slab, voxels of the brain outside the head, the share of
    true parenchyma whose region (group, side) is right among what is found, and what the map says of itself. At the
    end the share of right regions and groups by the detail that the map claims. COHORT: made by `siderin simulate
    cohort`. --every N: each Nth scan.

Needs numpy, scipy, nibabel.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

import nibabel
import numpy
from region_overlap import FLUID, GROUPS, dice, subjects
from scipy import ndimage

MEASURES = ["seen", "frames_apart_mm", "coordinates_spread_mm", "side_ratio"]
COLUMNS = ["scan", "protocol", "slab_mm", "brain", "outside_head", "region", "group", "side", "detail", *MEASURES]


def slab(image: nibabel.Nifti1Image, codes: numpy.ndarray, random: numpy.random.Generator):
    """Scan and truth between two heights, across the axis closest to the body's."""
    axis = int(numpy.argmax(numpy.abs(image.affine[2, :3])))
    spacing = float(numpy.linalg.norm(image.affine[:3, axis]))
    brain = numpy.flatnonzero((codes > 0).any(axis=tuple(a for a in range(3) if a != axis)))
    thick = max(2, round(random.uniform(12, 60) / spacing))
    # Anywhere that holds some of the brain's middle.
    first = int(random.integers(brain[0], max(brain[0] + 1, brain[-1] - thick)))
    cut = [slice(None)] * 3
    cut[axis] = slice(first, first + thick)
    return image.slicer[tuple(cut)], codes[tuple(cut)], thick * spacing


def head(scan: numpy.ndarray) -> numpy.ndarray:
    """What is brighter than air, without holes, slice by slice; generous by two voxels."""
    low, high = numpy.percentile(scan, [1, 99])
    bright = ndimage.binary_dilation(scan > low + 0.08 * (high - low), iterations=2)
    return numpy.stack([ndimage.binary_fill_holes(bright[..., k]) for k in range(bright.shape[2])], axis=-1)


def find(program: str, model: str | None, scan: nibabel.Nifti1Image):
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        nibabel.save(scan, folder / "scan.nii.gz")
        command = [program, "regions", "find", folder / "scan.nii.gz", "--out", folder / "regions.nii.gz"]
        command += ["--anatomy", folder / "anatomy.json"] + (["--model", model] if model else [])
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return None, done.stderr.strip()
        codes = numpy.asarray(nibabel.load(folder / "regions.nii.gz").dataobj)
        return codes, json.loads((folder / "anatomy.json").read_text())


def group_of(codes: numpy.ndarray) -> numpy.ndarray:
    groups = numpy.zeros_like(codes)
    for number, members in enumerate(GROUPS.values(), 1):
        groups[numpy.isin(codes % 20, list(members)) & (codes != FLUID)] = number
    return groups


def row(scan: nibabel.Nifti1Image, truth: numpy.ndarray, program: str, model: str | None) -> dict:
    codes, anatomy = find(program, model, scan)
    if codes is None:
        print(f"  nothing found: {anatomy}", flush=True)
        return {"brain": 0.0, "detail": "no brain"}
    outside = (codes > 0) & ~head(numpy.asarray(scan.dataobj))
    tissue = lambda c: (c > 0) & (c != FLUID)
    both = tissue(truth) & tissue(codes)
    right = lambda a, b: float((a[both] == b[both]).mean()) if both.any() else float("nan")
    return {
        "brain": dice(truth > 0, codes > 0),
        "outside_head": int(outside.sum()),
        "region": right(truth % 20, codes % 20),
        "group": right(group_of(truth), group_of(codes)),
        "side": right(truth > 20, codes > 20),
        "detail": anatomy["detail"],
        **{name: anatomy[name] for name in MEASURES},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--siderin", default="target/release/siderin")
    parser.add_argument("--model", help="in place of the model that is part of the program")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--whole", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(1)
    rows = []
    with open(args.out / "slabs.csv", "w") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for number, (name, protocol, path, truth) in enumerate(subjects(args.cohort)):
            if number % args.every:
                continue
            scan, thick = nibabel.load(path), float("nan")
            if not args.whole:
                scan, truth, thick = slab(scan, truth, random)
            found = {"scan": name, "protocol": protocol, "slab_mm": round(thick, 1)}
            found |= row(scan, truth, args.siderin, args.model)
            rows.append(found)
            rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in found.items()}
            table.writerow(rounded)
            file.flush()
    print(f"brain: mean Dice {numpy.mean([r['brain'] for r in rows]):.3f}, least {min(r['brain'] for r in rows):.3f}")
    for detail in sorted({r["detail"] for r in rows}):
        of = [r for r in rows if r["detail"] == detail]
        mean = lambda key: numpy.nanmean([r.get(key, float("nan")) for r in of])
        print(f"{detail}: {len(of)} scans, region right {mean('region'):.3f}, group {mean('group'):.3f}, side {mean('side'):.3f}")


if __name__ == "__main__":
    main()
