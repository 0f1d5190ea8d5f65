"""How well a lesion grown from one click agrees with the truth, by mode and size: figure 4 of del Pozo Lérida 2023.

python3 reproduce/studies/region_growing.py COHORT OUT [--siderin PROGRAM]

COHORT: made by `siderin simulate cohort`. Each visible microbleed gets one seed, the voxel of its centre of mass (or its own
voxel closest to that), and grows by `siderin annotate grow` in each mode. OUT/lesions.csv gets each microbleed and mode,
OUT/summary.json the mean Dice, over microbleeds of 20 voxels and more and by size, OUT/dice-by-size.png the figure. Needs
numpy, nibabel and matplotlib.
"""
import argparse
import csv
import json
import pathlib
import re
import subprocess
import tempfile

import matplotlib
import nibabel
import numpy

matplotlib.use("Agg")
import matplotlib.pyplot as plt

MODES = {"parent": "parent-son", "seed-average": "seed average", "running-average": "running average"}
LEAST_VOXELS = 20
SIZES = [(1, 7), (8, 19), (20, 49), (50, 99), (100, 199), (200, 10**9)]


def seeds(labels: numpy.ndarray) -> dict[int, tuple]:
    """The voxel of each label that is closest to its centre of mass."""
    found = {}
    for label in numpy.unique(labels[labels > 0]):
        places = numpy.argwhere(labels == label)
        offsets = numpy.linalg.norm(places - places.mean(axis=0), axis=1)
        found[int(label)] = tuple(places[offsets.argmin()])
    return found


def grown(siderin: str, scan: pathlib.Path, marks: nibabel.Nifti1Image, mode: str) -> tuple[numpy.ndarray, list[float]]:
    """The map of grown lesions, and the tolerance of each."""
    with tempfile.TemporaryDirectory() as work:
        scribbles, out = pathlib.Path(work) / "scribbles.nii.gz", pathlib.Path(work) / "masks.nii.gz"
        nibabel.save(marks, scribbles)
        command = [siderin, "annotate", "grow", scan, scribbles, "--out", out, "--reference", mode, "--lesion", "label"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        tolerances = [float(number) for number in re.findall(r"tolerance ([\d.]+) %", said)]
        return numpy.asarray(nibabel.load(out).dataobj).astype(int), tolerances


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--siderin", default="target/release/siderin")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for truth_path in sorted((args.cohort / "derivatives/truth").rglob("*_desc-lesions_dseg.nii.gz")):
        anat = args.cohort.joinpath(*truth_path.relative_to(args.cohort / "derivatives/truth").parts[:-1])
        scan = [*anat.glob("*_swi.nii.gz"), *anat.glob("*_part-mag_T2starw.nii.gz")][0]
        image = nibabel.load(truth_path)
        truth = numpy.asarray(image.dataobj).astype(int)
        places = seeds(truth)
        if not places:
            continue
        marks = numpy.zeros(truth.shape, numpy.uint16)
        for label, place in places.items():
            marks[place] = label
        for mode in MODES:
            masks, tolerances = grown(args.siderin, scan, nibabel.Nifti1Image(marks, image.affine), mode)
            for label, place in places.items():
                real, mask = truth == label, masks == masks[place]
                rows.append({
                    "scan": scan.name.removesuffix(".nii.gz"),
                    "lesion": label,
                    "voxels": int(real.sum()),
                    "mode": mode,
                    "grown_voxels": int(mask.sum()),
                    "tolerance_percent": tolerances[masks[place] - 1],
                    "dice": round(2 * int((real & mask).sum()) / int(real.sum() + mask.sum()), 4),
                })
    with (args.out / "lesions.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    summary = {"lesions_of_20_voxels_and_more": {}, "by_voxels": {}}
    for mode in MODES:
        of_mode = [row for row in rows if row["mode"] == mode]
        large = [row["dice"] for row in of_mode if row["voxels"] >= LEAST_VOXELS]
        summary["lesions_of_20_voxels_and_more"][mode] = {
            "lesions": len(large), "mean_dice": round(float(numpy.mean(large)), 3),
            "median_dice": round(float(numpy.median(large)), 3),
        }
        for low, high in SIZES:
            values = [row["dice"] for row in of_mode if low <= row["voxels"] <= high]
            name = f"{low} to {high}" if high < 10**9 else f"{low} and more"
            if values:
                summary["by_voxels"].setdefault(name, {"lesions": len(values)})[mode] = round(float(numpy.mean(values)), 3)
    (args.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary, indent=2))
    draw(rows, args.out / "dice-by-size.png")


def draw(rows: list[dict], path: pathlib.Path) -> None:
    """Each microbleed, and a polynomial of the third degree in the logarithm of its size."""
    figure, axes = plt.subplots(figsize=(8, 5))
    for mode, colour in zip(MODES, ("tab:blue", "tab:orange", "tab:green")):
        size = numpy.array([row["voxels"] for row in rows if row["mode"] == mode])
        dice = numpy.array([row["dice"] for row in rows if row["mode"] == mode])
        axes.scatter(size, dice, s=8, alpha=0.35, color=colour)
        trend = numpy.polynomial.Polynomial.fit(numpy.log(size), dice, 3)
        steps = numpy.geomspace(size.min(), size.max(), 100)
        axes.plot(steps, trend(numpy.log(steps)).clip(0, 1), color=colour, label=MODES[mode])
    axes.axvline(LEAST_VOXELS, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", xlabel="voxels of the microbleed", ylabel="Dice with the truth, from one seed", ylim=(0, 1))
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
