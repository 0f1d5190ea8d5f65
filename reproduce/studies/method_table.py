"""Every method under every rule: detections of one cohort scored again and again, and a table of it.

python3 reproduce/studies/method_table.py COHORT OUT COSTS NAME=FOLDER [NAME=FOLDER ...] [--siderin PROGRAM]

COHORT: made by `siderin simulate cohort`. FOLDER: what `siderin detect … --out FOLDER` wrote for it. COSTS: a
CSV with columns method,training_s,scan_s for the last two columns of the table. Writes OUT/scores.csv, each
number with its 95 % interval by bootstrap over subjects, and prints Markdown.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

RULES = ("centroid-5mm", "valdo", "centroid-4vox", "overlap", "voxel")


def scored(siderin: str, cohort: pathlib.Path, found: str, rule: str) -> dict:
    """The figures of one method under one rule: value, low and high of each."""
    with tempfile.TemporaryDirectory() as work:
        command = [siderin, "evaluate", "--ref", cohort / "derivatives/truth", "--pred", found]
        command += ["--rule", rule, "--out", f"{work}/scores", "--quiet"]
        subprocess.run(command, check=True)
        figures = json.loads(pathlib.Path(f"{work}/scores/metrics.json").read_text())["summary"]["figures"]
    if rule == "voxel":
        # Voxels are no lesions: nothing to count by scan.
        return {"voxel_dice": figures["voxel"]["per_volume"]["dsc"]["mean"]}
    of_lesions = {key: figures["micro"][key] for key in ("f1", "precision", "recall")}
    return of_lesions | {"fp_per_scan": figures["fp_per_scan"]["mean"]}


def text(value: dict | None) -> str:
    return f"{value['value']:.2f} ({value['low']:.2f} to {value['high']:.2f})" if value else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("costs", type=pathlib.Path)
    parser.add_argument("methods", nargs="+")
    parser.add_argument("--siderin", default="target/release/siderin")
    args = parser.parse_args()
    with open(args.costs) as file:
        costs = {row["method"]: row for row in csv.DictReader(file)}
    args.out.mkdir(parents=True, exist_ok=True)
    table = []
    with open(args.out / "scores.csv", "w") as file:
        print("method,rule,figure,value,low,high", file=file)
        for method in args.methods:
            name, folder = method.split("=", 1)
            found = {rule: scored(args.siderin, args.cohort, folder, rule) for rule in RULES}
            for rule, figures in found.items():
                for figure, value in figures.items():
                    numbers = (f"{value[key]:.4f}" for key in ("value", "low", "high"))
                    print(name, rule, figure, *numbers, sep=",", file=file, flush=True)
            table.append((name, found))
    lesions = [rule for rule in RULES if rule != "voxel"]
    heads = ["method", *(f"F1, `{rule}`" for rule in lesions), "Dice, `voxel`"]
    heads += ["false alarms per scan, `centroid-5mm`", "training", "a scan"]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for name, found in table:
        cells = [name, *(text(found[rule]["f1"]) for rule in lesions), text(found["voxel"]["voxel_dice"])]
        cells.append(text(found["centroid-5mm"]["fp_per_scan"]))
        cost = costs.get(name, {})
        training = float(cost.get("training_s") or 0)
        cells.append(f"{training / 3600:.1f} h" if training else "none")
        cells.append(f"{float(cost['scan_s']):.1f} s" if cost.get("scan_s") else "not timed")
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
