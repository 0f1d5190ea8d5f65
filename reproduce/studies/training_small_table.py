"""The tables of results/training-small/README.md from what training_small.sh wrote there.

python3 reproduce/studies/training_small_table.py   prints Markdown
"""
import csv
import json
import pathlib

RESULTS = pathlib.Path(__file__).parent.parent.parent / "results" / "training-small"
NETWORKS = ["unet3d", "rlk-unet", "mmoc-net", "guided-unet"]
SCANS = {"train": "learnt from", "validation": "picked by", "bench": "`bench`"}


def figure(value: dict) -> str:
    return f"{value['value']:.2f} ({value['low']:.2f} to {value['high']:.2f})"


def scores() -> None:
    print("| network | scans | number | F1 | precision | recall | false alarms per scan |")
    print("|---|---|---|---|---|---|---|")
    for network in NETWORKS:
        for name, scans in SCANS.items():
            path = RESULTS / network / f"{name}.json"
            if not path.exists():
                continue
            figures = json.loads(path.read_text())["summary"]["figures"]
            with open(path.with_suffix(".csv")) as file:
                number = sum(1 for _ in csv.DictReader(file))
            micro = figures["micro"]
            parts = [figure(micro[key]) for key in ("f1", "precision", "recall")]
            alarms = f"{figures['fp_per_scan']['mean']['value']:.1f}"
            print("| " + " | ".join([network, scans, str(number), *parts, alarms]) + " |")


def judgements() -> None:
    print("| network | steps | F1 at each judgement | threshold of the best |")
    print("|---|---|---|---|")
    for network in NETWORKS:
        path = RESULTS / network / "history.csv"
        if not path.exists():
            continue
        with open(path) as file:
            rows = list(csv.DictReader(file))
        judged = [row for row in rows if row["f1"]]
        best = max(judged, key=lambda row: float(row["f1"]))
        line = ", ".join(f"{float(row['f1']):.2f}" for row in judged)
        print(f"| {network} | {rows[-1]['step']} | {line} | {best['threshold']} |")


def protocols() -> None:
    tables = {}
    for network in NETWORKS:
        path = RESULTS / network / "bench.json"
        if path.exists():
            tables[network] = json.loads(path.read_text())["strata"]["protocol"]
    if not tables:
        return
    print("| protocol | " + " | ".join(tables) + " |")
    print("|---|" + "---|" * len(tables))
    for name in sorted({name for table in tables.values() for name in table}):
        values = [table[name]["f1"]["value"] for table in tables.values()]
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |")


for table in (scores, judgements, protocols):
    table()
    print()
