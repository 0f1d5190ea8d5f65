"""Whether the microbleeds that `siderin detect` finds are given the region and side that they truly lie in.

python3 reproduce/studies/region_of_lesions.py COHORT OUT [--siderin PROGRAM]

COHORT: made by `siderin simulate cohort`, of one visit or two. Findings are matched with visible microbleeds within 5 mm,
one to one. OUT/lesions.csv gets each pair, OUT/summary.json the shares: of all, of those that the program did not mark
as lying on a border (on the midline, for sides), of three groups, and of sides more than 5 mm off the midline. Needs
numpy, nibabel and scipy.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

import nibabel
import numpy
from scipy.optimize import linear_sum_assignment

SAME_MM = 5.0
NAMES = (
    "brainstem cerebellum basal_ganglia thalamus internal_capsule external_capsule corpus_callosum "
    "deep_white_matter frontal parietal temporal occipital insula"
).split()
GROUPS = {name: "infratentorial" if n < 2 else "deep" if n < 8 else "lobar" for n, name in enumerate(NAMES)}


def midline_mm(regions: pathlib.Path, place, side: str) -> float:
    """Distance from a place to the closest brain of the other side."""
    image = nibabel.load(regions)
    codes = numpy.asarray(image.dataobj).astype(int)
    # Left regions are 1 to 13, right ones 21 to 33, fluid 40.
    other = (codes > 20) & (codes < 40) if side == "left" else (codes > 0) & (codes < 20)
    places = nibabel.affines.apply_affine(image.affine, numpy.argwhere(other))
    return float(numpy.linalg.norm(places - place, axis=1).min())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--siderin", default="target/release/siderin")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for record_path in sorted((args.cohort / "derivatives/truth").rglob("*_truth.json")):
        record = json.loads(record_path.read_text())
        name = record_path.name.removesuffix("_truth.json")
        anat = args.cohort.joinpath(*record_path.relative_to(args.cohort / "derivatives/truth").parts[:-1])
        scan = [*anat.glob("*_swi.nii.gz"), *anat.glob("*_part-mag_T2starw.nii.gz")][0]
        regions = next(record_path.parent.glob("*_desc-regions_dseg.nii.gz"))
        with tempfile.TemporaryDirectory() as work:
            command = [args.siderin, "detect", scan, "--out", work, "--quiet"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            found = json.loads(next(pathlib.Path(work).glob("*/lesions.json")).read_text())["lesions"]
        real = [lesion for lesion in record["lesions"] if lesion["visible"]]
        if not real or not found:
            continue
        places = numpy.array([lesion["center_world_mm"] for lesion in real])
        theirs = numpy.array([lesion["center_world_mm"] for lesion in found])
        apart = numpy.linalg.norm(places[:, None] - theirs[None], axis=2)
        for a, b in zip(*linear_sum_assignment(numpy.where(apart <= SAME_MM, apart, 1e3))):
            truth, told = real[a], found[b]
            if apart[a, b] > SAME_MM or not truth["region"]:
                continue
            off = midline_mm(regions, places[a], truth["side"])
            rows.append({
                "scan": name, "region": truth["region"], "side": truth["side"], "midline_mm": f"{off:.1f}",
                "found_region": told["region"], "found_side": told["side"], "or_region": told["or_region"],
                "midline": told["midline"]})
    with open(args.out / "lesions.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)

    def share(rows, right):
        return {"of": len(rows), "right": sum(map(right, rows)), "share": sum(map(right, rows)) / max(len(rows), 1)}

    region = lambda row: row["found_region"] == row["region"]
    either = lambda row: row["region"] in (row["found_region"], row["or_region"])
    group = lambda row: GROUPS.get(row["found_region"]) == GROUPS[row["region"]]
    side = lambda row: row["found_side"] == row["side"]
    summary = {
        "region": share(rows, region),
        "region_or_the_other_of_a_border": share(rows, either),
        "region_unmarked": share([row for row in rows if not row["or_region"]], region),
        "group": share(rows, group),
        "side_off_midline": share([row for row in rows if float(row["midline_mm"]) > 5.0], side),
        "side_unmarked": share([row for row in rows if row["midline"] is False], side),
    }
    (args.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
