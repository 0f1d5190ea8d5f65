"""How well the network of regions agrees with the true regions of a simulated cohort, or with a brain mask.

python3 reproduce/studies/region_overlap.py cohort COHORT OUT [--siderin PROGRAM] [--model MODEL]
    Dice of each scan to OUT/scans.csv, means to OUT/regions.csv. COHORT: made by `siderin simulate cohort`. Of a
    scan with a susceptibility-weighted image that image is read, of all others the magnitude.
python3 reproduce/studies/region_overlap.py brain SCAN MASK [TRANSFORM ...] [--siderin PROGRAM] [--model MODEL]
    Dice of the brain and a mask. TRANSFORM: files of ITK that take the mask's space to the scan's, one after
    the other.

Needs numpy, nibabel, SimpleITK.
"""
import argparse
import csv
import pathlib
import subprocess
import tempfile

import nibabel
import numpy

FLUID = 40
GROUPS = {"infratentorial": (1, 2), "deep": range(3, 9), "lobar": range(9, 14)}
NAMES = (
    "brainstem cerebellum basal_ganglia thalamus internal_capsule external_capsule corpus_callosum "
    "deep_white_matter frontal parietal temporal occipital insula"
).split()


def find(siderin: str, scan: pathlib.Path, folder: pathlib.Path, model: str | None):
    """Regions and brain of a scan, as arrays."""
    regions, brain = folder / "regions.nii.gz", folder / "brain.nii.gz"
    command = [siderin, "regions", "find", scan, "--out", regions, "--brain", brain]
    command += ["--model", model] if model else []
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [numpy.asarray(nibabel.load(path).dataobj) for path in (regions, brain)]


def dice(a: numpy.ndarray, b: numpy.ndarray) -> float:
    """Of two masks; NaN where both are empty."""
    both = a.sum() + b.sum()
    return 2 * (a & b).sum() / both if both else float("nan")


def masks(codes: numpy.ndarray) -> dict[str, numpy.ndarray]:
    tissue = (codes > 0) & (codes != FLUID)
    found = {"brain": codes > 0, "parenchyma": tissue}
    region = numpy.where(tissue, codes % 20, 0)
    for name, members in GROUPS.items():
        found[name] = numpy.isin(region, list(members))
    for number, name in enumerate(NAMES, 1):
        for side, code in (("left", number), ("right", number + 20)):
            found[f"{name}_{side}"] = codes == code
    return found


def image(anat: pathlib.Path) -> pathlib.Path:
    """The scan of a subject's folder that is looked at."""
    for pattern in ("*_swi.nii.gz", "*_part-mag_T2starw.nii.gz", "*_acq-anycontrast_T2starw.nii.gz"):
        for scan in anat.glob(pattern):
            return scan
    raise SystemExit(f"no scan of a simulated cohort in {anat}")


def subjects(cohort: pathlib.Path):
    """Name, protocol, scan and true regions of each subject."""
    with open(cohort / "participants.tsv") as file:
        protocols = {row["participant_id"]: row["protocol"] for row in csv.DictReader(file, delimiter="\t")}
    for anat in sorted(cohort.glob("sub-*/anat")):
        name = anat.parent.name
        truth = cohort / "derivatives/truth" / name / "anat" / f"{name}_desc-regions_dseg.nii.gz"
        yield name, protocols[name], image(anat), numpy.asarray(nibabel.load(truth).dataobj)


def cohort(args: argparse.Namespace) -> None:
    names = list(masks(numpy.zeros(1, dtype=int)))
    args.out.mkdir(parents=True, exist_ok=True)
    values = {name: [] for name in names}
    with open(args.out / "scans.csv", "w") as file:
        print("scan", "protocol", *names, sep=",", file=file)
        for subject, protocol, scan, codes in subjects(args.cohort):
            true = masks(codes)
            with tempfile.TemporaryDirectory() as work:
                found = masks(find(args.siderin, scan, pathlib.Path(work), args.model)[0])
            row = {name: dice(true[name], found[name]) for name in names}
            for name in names:
                values[name].append(row[name])
            # As each is known: a run that is stopped keeps what it has.
            print(subject, protocol, *(f"{row[name]:.4f}" for name in names), sep=",", file=file, flush=True)
    with open(args.out / "regions.csv", "w") as file:
        print("region,mean_dice,least_dice", file=file)
        for name in names:
            # Not a number where neither has the region.
            there = [value for value in values[name] if value == value] or [float("nan")]
            print(f"{name},{numpy.mean(there):.4f},{min(there):.4f}", file=file)
    print((args.out / "regions.csv").read_text())


def brain(args: argparse.Namespace) -> None:
    import SimpleITK as sitk

    steps = [sitk.ReadTransform(path).GetInverse() for path in args.transforms]
    # The last one is applied first.
    back = sitk.CompositeTransform(steps) if steps else sitk.Transform(3, sitk.sitkIdentity)
    given = sitk.Resample(
        sitk.ReadImage(args.mask), sitk.ReadImage(str(args.scan)), back, sitk.sitkNearestNeighbor, 0
    )
    with tempfile.TemporaryDirectory() as work:
        found = find(args.siderin, args.scan, pathlib.Path(work), args.model)[1]
    given = sitk.GetArrayFromImage(given).transpose() > 0
    print(f"{args.scan.name}: Dice {dice(found > 0, given):.4f}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    of_cohort = commands.add_parser("cohort")
    of_cohort.add_argument("cohort", type=pathlib.Path)
    of_cohort.add_argument("out", type=pathlib.Path)
    of_cohort.set_defaults(run=cohort)
    of_brain = commands.add_parser("brain")
    of_brain.add_argument("scan", type=pathlib.Path)
    of_brain.add_argument("mask")
    of_brain.add_argument("transforms", nargs="*")
    of_brain.set_defaults(run=brain)
    for command in (of_cohort, of_brain):
        command.add_argument("--siderin", default="target/release/siderin")
        command.add_argument("--model", help="in place of the model that is part of the program")
    return parser.parse_args()


if __name__ == "__main__":
    chosen = arguments()
    chosen.run(chosen)
