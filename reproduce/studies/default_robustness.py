"""Whether it matters to the default model how a scan is stored.

python3 reproduce/studies/default_robustness.py COHORT OUT [--siderin PROGRAM]

COHORT: made by `siderin simulate cohort`; the first scan with lesions of each protocol is taken. Each is written
as it is, with its axes mirrored and in another order, as float, brighter, and moved in its affine. OUT/variants.csv
says how many lesions were found, how many of them are those of the scan as it is (within 5 mm), how far the
farthest of these moved, and how much confidence changed on average. Needs numpy and nibabel.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

import nibabel
import numpy
from nibabel.orientations import apply_orientation, inv_ornt_aff

SAME_MM = 5.0
SHIFT_MM = numpy.array([31.0, -12.5, 7.0])


def oriented(voxels, affine, axes, turned):
    """The scan with its axes in another order, those in `turned` the other way round."""
    ornt = numpy.zeros((3, 2))
    for new, old in enumerate(axes):
        ornt[old] = new, -1 if old in turned else 1
    return apply_orientation(voxels, ornt), affine @ inv_ornt_aff(ornt, voxels.shape)


def variants(voxels, affine):
    """Name, voxels, affine and shift of each way to store a scan."""
    none = numpy.zeros(3)
    moved = affine.copy()
    moved[:3, 3] += SHIFT_MM
    yield "as it is", voxels, affine, none
    for name, axes, turned in (
        ("mirrored left-right", (0, 1, 2), (0,)),
        ("mirrored front-back", (0, 1, 2), (1,)),
        ("slices from the other end", (0, 1, 2), (2,)),
        ("rows for columns", (1, 0, 2), ()),
        ("slices first", (2, 0, 1), (1,)),
    ):
        yield name, *oriented(voxels, affine, axes, turned), none
    yield "32-bit float", voxels.astype(numpy.float32), affine, none
    yield "brighter by 17.3", voxels.astype(numpy.float32) * 17.3, affine, none
    yield "moved", voxels, moved, SHIFT_MM


def lesions(siderin, voxels, affine, folder):
    """Places in mm and confidences of what is found in a scan."""
    path = folder / "scan.nii.gz"
    nibabel.save(nibabel.Nifti1Image(numpy.ascontiguousarray(voxels), affine), path)
    command = [siderin, "detect", path, "--out", folder / "out", "--force", "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found = json.loads((folder / "out/scan/lesions.json").read_text())["lesions"]
    places = numpy.array([lesion["center_world_mm"] for lesion in found]).reshape(-1, 3)
    return places, numpy.array([lesion["confidence"] for lesion in found])


def pairs(known, found):
    """Indices of lesions that are each other's closest, within 5 mm."""
    if not len(known) or not len(found):
        return []
    apart = numpy.linalg.norm(known[:, None] - found[None], axis=2)
    closest = apart.argmin(1)
    return [(a, b) for a, b in enumerate(closest) if apart[a, b] <= SAME_MM and apart[:, b].argmin() == a]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--siderin", default="target/release/siderin")
    args = parser.parse_args()
    first = {}
    with open(args.cohort / "participants.tsv") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            # A scan without lesions would show little.
            if row.get("lesions") != "0":
                first.setdefault(row["protocol"], row["participant_id"])
    args.out.mkdir(parents=True, exist_ok=True)
    sums = {}
    with open(args.out / "variants.csv", "w") as file:
        print("protocol,variant,lesions,same,farthest_mm,confidence_change", file=file)
        for protocol, subject in first.items():
            anat = args.cohort / subject / "anat"
            scans = [*anat.glob("*_swi.nii.gz"), *anat.glob("*_part-mag_T2starw.nii.gz")]
            image = nibabel.load(scans[0])
            voxels = numpy.asarray(image.dataobj)
            with tempfile.TemporaryDirectory() as work:
                for name, changed, affine, shift in variants(voxels, image.affine):
                    places, confidences = lesions(args.siderin, changed, affine, pathlib.Path(work))
                    places = places - shift
                    if name == "as it is":
                        known, sure = places, confidences
                    same = pairs(known, places)
                    far = max((numpy.linalg.norm(known[a] - places[b]) for a, b in same), default=0.0)
                    changes = [abs(sure[a] - confidences[b]) for a, b in same]
                    mean = numpy.mean(changes) if changes else 0.0
                    print(protocol, name, len(places), len(same), f"{far:.3f}", f"{mean:.4f}", sep=",", file=file, flush=True)
                    total = sums.setdefault(name, [0, 0, 0, 0.0, []])
                    total[0] += len(known)
                    total[1] += len(places)
                    total[2] += len(same)
                    total[3] = max(total[3], far)
                    total[4] += changes
    print("| stored | lesions as it is | found | the same | farthest moved | mean change of confidence |\n|---|---|---|---|---|---|")
    for name, (known, found, same, far, changes) in sums.items():
        mean = numpy.mean(changes) if changes else 0.0
        print(f"| {name} | {known} | {found} | {same} | {far:.2f} mm | {mean:.3f} |")


if __name__ == "__main__":
    main()
