"""What the default model finds, misses and takes for a microbleed, as one picture for the model card.

python3 reproduce/studies/model_card_pictures.py COHORT FOUND OUT.png

COHORT: made by `siderin simulate cohort`. FOUND: what `siderin detect … --out FOUND` wrote for it. Each row shows
the same number, from different protocols where there are as many: the median by confidence of those found, the
misses that lose most signal, the surest false alarms. Slices of 40 mm, axial. Needs numpy, nibabel, matplotlib.
"""
import argparse
import csv
import json
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import nibabel
import numpy
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

SAME_MM = 5.0
HALF_MM = 20.0
COLUMNS = 5


def places(cohort: pathlib.Path, found: pathlib.Path):
    """Found, missed and false: (rank key, protocol, scan, world mm, words) of each."""
    protocols = {
        row["participant_id"]: row["protocol"]
        for row in csv.DictReader(open(cohort / "participants.tsv"), delimiter="\t")
    }
    hits, misses, alarms = [], [], []
    for results in sorted(found.glob("sub-*")):
        subject = results.name[:7]
        truth = next((cohort / "derivatives/truth" / subject).rglob("*_truth.json"))
        seen = [lesion for lesion in json.loads(truth.read_text())["lesions"] if lesion["visible"]]
        lesions = json.loads((results / "lesions.json").read_text())["lesions"]
        scan = cohort / subject / "anat" / f"{results.name}.nii.gz"
        at = numpy.array([lesion["center_world_mm"] for lesion in seen]).reshape(-1, 3)
        taken = set()
        for lesion in lesions:
            apart = numpy.linalg.norm(at - lesion["center_world_mm"], axis=1)
            free = [k for k in apart.argsort() if k not in taken and apart[k] <= SAME_MM]
            entry = (lesion["confidence"], protocols[subject], scan, lesion["center_world_mm"])
            words = f"{lesion['diameter_mm']:.1f} mm, confidence {lesion['confidence']:.2f}"
            if free:
                taken.add(free[0])
                hits.append((*entry, words))
            else:
                alarms.append((*entry, words))
        for k, lesion in enumerate(seen):
            if k not in taken:
                words = f"{lesion['visible_diameter_mm']:.1f} mm, signal lost {100 * lesion['peak_loss']:.0f} %"
                misses.append((lesion["peak_loss"], protocols[subject], scan, lesion["center_world_mm"], words))
    middle = numpy.median([hit[0] for hit in hits])
    hits.sort(key=lambda hit: abs(hit[0] - middle))
    for others in (misses, alarms):
        others.sort(key=lambda other: -other[0])
    return hits, misses, alarms


def various(entries):
    """The first of each protocol, then the rest, as many as are shown."""
    protocols = set()
    first = [e for e in entries if e[1] not in protocols and not protocols.add(e[1])]
    rest = [e for e in entries if not any(e is f for f in first)]
    return (first + rest)[:COLUMNS]


def axial(scan: pathlib.Path, world):
    """A slice of 40 mm about a place, patient's right on the left, and its window."""
    image = nibabel.load(scan)
    turn = ornt_transform(io_orientation(image.affine), axcodes2ornt("LPS"))
    image = image.as_reoriented(turn)
    voxels = numpy.asarray(image.dataobj, dtype=numpy.float32)
    i, j, k = numpy.rint(numpy.linalg.solve(image.affine, [*world, 1])[:3]).astype(int)
    di, dj = (round(HALF_MM / zoom) for zoom in image.header.get_zooms()[:2])
    padded = numpy.pad(voxels[:, :, k], ((di, di), (dj, dj)))
    return padded[i : i + 2 * di + 1, j : j + 2 * dj + 1].T, numpy.percentile(voxels[voxels > 0], 99)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=pathlib.Path)
    parser.add_argument("found", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    rows = [various(entries) for entries in places(args.cohort, args.found)]
    figure, axes = plt.subplots(3, COLUMNS, figsize=(2.4 * COLUMNS, 8.4), facecolor="white")
    for name, row, line in zip(("found", "missed", "false alarm"), rows, axes):
        for axis in line:
            axis.axis("off")
        for axis, (_, protocol, scan, world, words) in zip(line, row):
            pixels, white = axial(scan, world)
            edge = [-HALF_MM, HALF_MM, HALF_MM, -HALF_MM]
            axis.imshow(pixels, cmap="gray", vmin=0, vmax=white, extent=edge, interpolation="nearest")
            axis.add_patch(plt.Circle((0, 0), 5, fill=False, color="#ff4d3d", linewidth=1))
            axis.set_title(f"{name}: {protocol}\n{words}", fontsize=7)
    figure.tight_layout()
    figure.savefig(args.out, dpi=90, metadata={"Software": None})


if __name__ == "__main__":
    main()
