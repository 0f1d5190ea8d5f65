"""How well `siderin compare` tells what is new between two simulated visits.

python3 reproduce/studies/compare_visits.py COHORT OUT [--siderin PROGRAM] [--persons]

COHORT: made by `siderin simulate cohort` from cohorts/visits-dev.toml or visits-bench.toml. Each pair is compared;
OUT/pairs.csv gets the registration's error over the brain against the true transform, the new microbleeds found,
missed and falsely new, and both grades; OUT/lesions.csv every lesion with its status and what it truly is;
OUT/summary.json the figures. Truth: visible microbleeds of the second visit that the first one lacks; a finding
called new within 5 mm of one is right, one to one. With --persons the follow-up of each pair is compared with the
baseline of the next one, too, to see which are refused (OUT/persons.csv). Needs numpy, nibabel and scipy.
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
GRADES = ((0, "none"), (4, "mild"), (9, "moderate"))


def grade(new: int) -> str:
    return next((name for most, name in GRADES if new <= most), "severe")


def scan(session: pathlib.Path) -> pathlib.Path:
    """The image that is read of a visit: susceptibility-weighted where there is one."""
    anat = session / "anat"
    return [*anat.glob("*_swi.nii.gz"), *anat.glob("*_part-mag_T2starw.nii.gz")][0]


def compare(siderin, baseline, followup, out):
    """change.json, or what was said in place of it."""
    command = [siderin, "compare", baseline, followup, "--out", out, "--force", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr.strip()
    return json.loads((out / "change.json").read_text()), ""


def brain_places(regions: pathlib.Path) -> numpy.ndarray:
    """World mm of every 50th voxel of the brain."""
    image = nibabel.load(regions)
    voxels = numpy.argwhere(numpy.asarray(image.dataobj) > 0)[::50]
    return nibabel.affines.apply_affine(image.affine, voxels)


def moved(matrix, places):
    return nibabel.affines.apply_affine(numpy.array(matrix), places)


def matched(truth, found):
    """Pairs of indices within 5 mm, one to one, the shortest in all."""
    if not len(truth) or not len(found):
        return []
    apart = numpy.linalg.norm(numpy.asarray(truth)[:, None] - numpy.asarray(found)[None], axis=2)
    cost = numpy.where(apart <= SAME_MM, apart, 1e3)
    return [(int(a), int(b)) for a, b in zip(*linear_sum_assignment(cost)) if apart[a, b] <= SAME_MM]


def kind_of(place, visits, new):
    """What a finding at a place of the second visit's world truly is."""
    for record in visits[::-1]:
        for lesion in record["lesions"]:
            here = lesion["center_world_mm"] if record is visits[1] else moved(
                visits[1]["followup_from_baseline"], lesion["center_world_mm"])
            if numpy.linalg.norm(numpy.array(here) - place) <= SAME_MM:
                return "new microbleed" if record is visits[1] and lesion["id"] in new else "microbleed"
    return "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--siderin", default="target/release/siderin")
    parser.add_argument("--persons", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    subjects = sorted(p.name for p in args.cohort.glob("sub-*"))
    pairs, lesions, persons = [], [], []
    errors = []
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        for number, subject in enumerate(subjects):
            sessions = [args.cohort / subject / f"ses-{n}" for n in (1, 2)]
            truth = [args.cohort / "derivatives/truth" / subject / f"ses-{n}" for n in (1, 2)]
            records = [json.loads(next(folder.rglob("*_truth.json")).read_text()) for folder in truth]
            protocols = [record["visit"]["protocol"]["name"] for record in records]
            told, why = compare(args.siderin, *map(scan, sessions), work / "out")
            new_ids = set(records[1]["new"])
            truly_new = [l for l in records[1]["lesions"] if l["id"] in new_ids and l["visible"]]
            row = {"subject": subject, "baseline": protocols[0], "followup": protocols[1],
                   "true_new": len(truly_new), "true_grade": grade(len(truly_new))}
            if told is None:
                print(subject, why)
                pairs.append(row | {"refused": why})
                continue
            places = brain_places(next(truth[0].rglob("*regions_dseg.nii.gz")))
            off = numpy.linalg.norm(
                moved(told["registration"]["followup_from_baseline"], places)
                - moved(records[1]["followup_from_baseline"], places), axis=1)
            errors.append(off)
            called = [l for l in told["lesions"] if l["status"] == "new"]
            right = matched([l["center_world_mm"] for l in truly_new], [l["followup_world_mm"] for l in called])
            quality = told["registration"]["quality"]
            aria = told["aria_h"]
            pairs.append(row | {
                "called_new": len(called), "right": len(right), "grade": aria["grade"] or "withheld",
                "graded_count": aria["new_count"], "median_mm": f"{numpy.median(off):.3f}",
                "worst_mm": f"{off.max():.3f}", "agreement": f"{quality['agreement']:.4f}",
                "nmi": f"{quality['normalised_mutual_information']:.4f}",
                "shared": f"{quality['shared_brain']:.4f}",
                "partial": int(any(w["code"] == "partial_coverage" for v in ("baseline", "followup") for w in told[v]["warnings"])),
                "cautions": len(told["cautions"])})
            for lesion in told["lesions"]:
                base, late = lesion["baseline"], lesion["followup"]
                other = base if base["lesion"] is None else late
                evidence = other["evidence"] or {"confidence": None, "loss": None}
                lesions.append({
                    "subject": subject, "changed": int(protocols[0] != protocols[1]), "status": lesion["status"],
                    "truth": kind_of(numpy.array(lesion["followup_world_mm"]), records, new_ids),
                    "baseline_confidence": base["confidence"], "followup_confidence": late["confidence"],
                    "baseline_mm": base["diameter_mm"], "followup_mm": late["diameter_mm"],
                    "evidence_confidence": evidence["confidence"], "evidence_loss": evidence["loss"]})
            if args.persons:
                other = args.cohort / subjects[(number + 1) % len(subjects)] / "ses-1"
                stranger, why = compare(args.siderin, scan(other), scan(sessions[1]), work / "other")
                agreed = stranger and stranger["registration"]["quality"]["agreement"]
                persons.append({"baseline": other.parent.name, "followup": subject, "refused": int(stranger is None),
                                "said": why or f"agreement {agreed:.4f}"})
    for name, rows in (("pairs", pairs), ("lesions", lesions), ("persons", persons)):
        if rows:
            columns = list(dict.fromkeys(key for row in rows for key in row))
            with open(args.out / f"{name}.csv", "w", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
    done = [row for row in pairs if "grade" in row]
    right, called = (sum(row[key] for row in done) for key in ("right", "called_new"))
    true = sum(row["true_new"] for row in pairs)
    graded = [row for row in done if row["grade"] != "withheld"]
    summary = {
        "pairs": len(pairs), "compared": len(done), "true_new": true, "called_new": called, "right": right,
        "f1": 2 * right / max(true + called, 1), "precision": right / max(called, 1), "recall": right / max(true, 1),
        "graded": len(graded), "grade_right": sum(row["grade"] == row["true_grade"] for row in graded),
        "count_grade_right": sum(grade(row["graded_count"]) == row["true_grade"] for row in done),
        "unchanged_moderate_or_worse": sum(
            row["true_new"] == 0 and row["grade"] in ("moderate", "severe") for row in done),
        "target_error_median_mm": float(numpy.median(numpy.concatenate(errors))),
        "target_error_worst_mm": float(max(off.max() for off in errors)),
        "persons_refused": sum(row["refused"] for row in persons), "persons": len(persons),
    }
    (args.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
