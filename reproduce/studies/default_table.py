"""The default model's scores on a cohort as Markdown, from what reproduce/studies/default_bench.sh wrote.

python3 reproduce/studies/default_table.py FOLDER

FOLDER: results/default-model/NAME. Every figure with its 95 % interval by bootstrap over subjects.
"""
import csv
import json
import pathlib
import sys

POINTS = ("sensitive", "balanced", "specific")
STRATA = ("diameter", "protocol", "region")


def text(figure: dict) -> str:
    if figure["value"] is None:
        return "undefined"
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"


def without_lesions(path: pathlib.Path) -> str:
    """Of the scans without lesions, how many have no finding."""
    with open(path) as file:
        rows = [row for row in csv.DictReader(file) if row["reference_count"] == "0"]
    clean = sum(row["prediction_count"] == "0" for row in rows)
    return f"{clean} of {len(rows)}"


def points(folder: pathlib.Path) -> None:
    print("| point | F1 | precision | recall | false alarms per scan | scans without lesions that have no finding |")
    print("|---|---|---|---|---|---|")
    for point in POINTS:
        if not (folder / f"{point}.json").exists():
            continue
        figures = json.loads((folder / f"{point}.json").read_text())["summary"]["figures"]
        cells = [text(figures["micro"][key]) for key in ("f1", "precision", "recall")]
        cells += [text(figures["fp_per_scan"]["mean"]), without_lesions(folder / f"{point}.csv")]
        print("| " + " | ".join([point, *cells]) + " |")


def strata(scores: dict) -> None:
    for name in STRATA:
        print(f"\n| {name} | F1 | found | missed | false alarms |\n|---|---|---|---|---|")
        for part, figures in scores["strata"].get(name, {}).items():
            f1 = text(figures["f1"])
            counts = (f"{figures[key]['value']:.0f}" for key in ("tp", "fn", "fp"))
            print("| " + " | ".join([part, f1, *counts]) + " |")


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    points(folder)
    balanced = json.loads((folder / "balanced.json").read_text())
    figures = balanced["summary"]["figures"]
    print(f"\n- calibration: expected error {text(figures['calibration']['expected_error'])}")
    print(f"- counts: Spearman's ρ {text(figures['counts']['spearman'])}")
    strata(balanced)


main()
