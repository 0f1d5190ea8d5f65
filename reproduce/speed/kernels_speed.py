"""The kernels beside PyTorch, ONNX Runtime and burn's flex, in turn in one run.

    python reproduce/speed/kernels_speed.py            # needs torch, onnxruntime and onnx (PyPI)

Builds the Rust side, runs every side of a case once a round, in an order that rotates, and takes
the ratio within each round; a table and the ratios' medians go to results/kernels-speed/. Two
threads for every side. `--only CASE` measures some cases again and keeps the others' runs, which
must be of the same version and machine.
"""

import argparse
import csv
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "results" / "kernels-speed"
THREADS = 2
os.environ["RAYON_NUM_THREADS"] = str(THREADS)
os.environ["OMP_NUM_THREADS"] = str(THREADS)
sys.path.insert(0, str(ROOT / "crates/net/tests/reference"))

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402

import twin  # noqa: E402

torch.set_num_threads(THREADS)
# Pauses between sides: threads that wait for more work spin for a while.
PAUSE = 0.05
# Rounds of cases with a target, where a run takes longer than so many seconds, and of all others.
ROUNDS, LONG_ROUNDS, LONG = 15, 5, 5.0
OTHER_ROUNDS = 5

# case, sides besides the kernels, at most this ratio by side
CASES = [
    ("layer conv3d", {"torch": 0.95, "onnx": 1.0, "flex": None}),
    ("layer depthwise", {"torch": 0.8, "onnx": None, "flex": None}),
    ("forward unet3d-small", {"torch": 0.9, "flex": None}),
    ("step unet3d-small", {"torch": 1.1, "flex": None}),
    ("forward rlk-unet-paper", {"torch": 0.8, "flex": None}),
    ("step rlk-unet-small", {"torch": None, "flex": None}),
    ("step mmoc-net-small", {"torch": None, "flex": None}),
    ("step guided-unet-small", {"torch": None, "flex": None}),
    ("forward rlk-unet-small", {"torch": None, "flex": None}),
    ("forward mmoc-net-small", {"torch": None, "flex": None}),
    ("forward guided-unet-small", {"torch": None, "flex": None}),
    ("step unet3d-paper", {"torch": None}),
    ("step mmoc-net-paper", {"torch": None}),
]


class Rust:
    """The Rust side, which times itself."""

    def __init__(self):
        build = "cargo build --release --quiet -p siderin-reproduce --bin kernels_speed"
        subprocess.run(build.split(), cwd=ROOT, check=True)
        program = ROOT / "target/release/kernels_speed"
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def side(self, name, case):
        return lambda: self.ask(f"{name} {case}")


def timed(run):
    def seconds():
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    return seconds


def torch_side(case, configs):
    what, name = case.split()
    if what == "layer":
        if name == "conv3d":
            layer = torch.nn.Conv3d(32, 32, 3, padding=1)
            x = torch.randn(1, 32, 64, 64, 64)
        else:
            layer = torch.nn.Conv2d(64, 64, 13, padding=6, groups=64)
            x = torch.randn(1, 64, 256, 256)
        return timed(without_gradients(lambda: layer(x)))
    config = configs[name]
    network = twin.network(config["config"])
    inputs = [torch.randn(shape) for shape in config["inputs"]]

    def loss():
        if name.startswith("mmoc"):
            first = network.coarse(inputs[0]), network.fine(inputs[1])
            outputs = [y for part in first for y in (part if isinstance(part, list) else [part])]
        else:
            outputs = network(inputs[0])
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return sum((y * y).mean() for y in outputs)

    if what == "forward":
        network.eval()
        return timed(without_gradients(loss))
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    return timed(step)


def without_gradients(run):
    def inference():
        with torch.inference_mode():
            run()

    return inference


def onnx_side(case):
    name = case.split()[1]
    sizes, kernel, groups = {
        "conv3d": ([1, 32, 64, 64, 64], [32, 32, 3, 3, 3], 1),
        "depthwise": ([1, 64, 256, 256], [64, 1, 13, 13], 64),
    }[name]
    weight = np.random.rand(*kernel).astype(np.float32)
    bias = np.random.rand(kernel[0]).astype(np.float32)
    helper, tensor = onnx.helper, onnx.numpy_helper
    node = helper.make_node(
        "Conv", ["x", "w", "b"], ["y"], pads=[k // 2 for k in kernel[2:]] * 2, group=groups
    )
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node],
        "conv",
        [value("x", onnx.TensorProto.FLOAT, sizes)],
        [value("y", onnx.TensorProto.FLOAT, sizes)],
        [tensor.from_array(weight, "w"), tensor.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    x = np.random.rand(*sizes).astype(np.float32)
    return timed(lambda: session.run(None, {"x": x}))


def measure(case, others, rust, configs):
    """Seconds of every side by round."""
    sides = {"kernels": rust.side("kernels", case)}
    for side in others:
        if side == "torch":
            sides[side] = torch_side(case, configs)
        elif side == "onnx":
            sides[side] = onnx_side(case)
        else:
            sides[side] = rust.side(side, case)
    first = {}
    for name, run in sides.items():
        run()
        time.sleep(PAUSE)
        first[name] = run()
    rounds = OTHER_ROUNDS
    if any(others.values()):
        slowest = max(seconds for name, seconds in first.items() if name != "flex")
        rounds = LONG_ROUNDS if slowest > LONG else ROUNDS
    rows, names = [], list(sides)
    for at in range(rounds):
        row = {}
        for name in names[at % len(names) :] + names[: at % len(names)]:
            # flex has no target, and is slow.
            if name == "flex" and at >= OTHER_ROUNDS:
                continue
            time.sleep(PAUSE)
            row[name] = sides[name]()
        rows.append(row)
    return rows


def kept():
    """Runs of earlier calls, by case."""
    runs = {}
    if (OUT / "seconds.csv").exists():
        with open(OUT / "seconds.csv", newline="") as file:
            for row in csv.DictReader(file):
                rounds = runs.setdefault(row["case"], {})
                rounds.setdefault(int(row["round"]), {})[row["side"]] = float(row["seconds"])
    return {case: [rounds[at] for at in sorted(rounds)] for case, rounds in runs.items()}


def summary(case, others, rows):
    """Lines of the table: medians of times and of ratios within rounds."""
    median = {
        side: statistics.median([row[side] for row in rows if side in row])
        for side in ["kernels", *others]
    }
    for side, target in others.items():
        ratios = sorted(row["kernels"] / row[side] for row in rows if side in row)
        yield (
            case, median["kernels"], side, median[side],
            statistics.median(ratios), ratios[0], ratios[-1], len(ratios), target,
        )  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="measure cases that contain this")
    args = parser.parse_args()
    rust = Rust()
    configs = rust.ask("configs")
    runs = kept()
    for case, others in CASES:
        if args.only in case:
            runs[case] = measure(case, others, rust, configs)
            for _, own, side, other, middle, *_ in summary(case, others, runs[case]):
                print(f"{case:26} {own:8.3f} s  {side:6} {other:8.3f} s  ratio {middle:.3f}", flush=True)
            save(runs)
    table = [line for case, others in CASES if case in runs for line in summary(case, others, runs[case])]
    write(table, rust.ask("layers"))


def save(runs):
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "seconds.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["case", "round", "side", "seconds"])
        for case, rows in runs.items():
            for at, row in enumerate(rows):
                writer.writerows((case, at, side, f"{seconds:.6f}") for side, seconds in row.items())


def write(table, layers):
    with open(OUT / "layers.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["layer", "gflop", "peak_gflops"] + [
            f"{which}_{what}" for what in ("ms", "share") for which in ("forward", "input", "weight")
        ])
        for row in layers["rows"]:
            values = [*row["ms"], *row["share"]]
            writer.writerow([row["layer"], f"{row['gflop']:.4f}", f"{row['peak_gflops']:.0f}"]
                            + [f"{v:.4f}" for v in values])
    names = {"torch": "PyTorch", "onnx": "ONNX Runtime", "flex": "burn's flex"}
    lines = [
        "# The kernels beside PyTorch, ONNX Runtime and burn's flex",
        "",
        "Each ratio is time of the kernels over time of the other side, both in one round; the median of",
        "all rounds, and the least and the most. Below 1 the kernels are faster. The machine is shared,",
        "so single rounds scatter. A step is forward, backward and Adam, on one tile or slice (for the",
        "cascade also 32 regions); the loss is the mean square of all outputs. Weights are random. The",
        "RLK-UNet runs with both depthwise branches on every side, which detection makes one.",
        "",
        "| case | kernels | other side | its time | ratio | least to most | rounds | target |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case, own, side, other, middle, least, most, count, target in table:
        goal = "" if target is None else f"≤ {target}" + ("" if middle <= target else ", missed")
        lines.append(
            f"| {case} | {own * 1e3:.1f} ms | {names[side]} | {other * 1e3:.1f} ms | {middle:.2f} "
            f"| {least:.2f} to {most:.2f} | {count} | {goal} |"
        )
    lines += [
        "",
        f"Share of the peak ({layers['level']}, multiply-adds in registers, all threads), the best of 9 runs.",
        "Operations are those of the definition; Winograd's filtering does half of them, so that layers of",
        "height 3 can pass 100 %.",
        "",
        "| layer | GFLOP | forward | gradient to input | gradient to kernel |",
        "|---|---|---|---|---|",
    ]
    for row in layers["rows"]:
        cells = [f"{s * 100:.0f} % ({ms:.2f} ms)" for s, ms in zip(row["share"], row["ms"])]
        lines.append(f"| {row['layer']} | {row['gflop']:.2f} | " + " | ".join(cells) + " |")
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    model = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    lines += [
        "",
        "- tables: seconds.csv (every run), layers.csv",
        f"- machine: {model}, {os.cpu_count()} cores, {THREADS} threads",
        f"- versions: {rustc}, PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}",
        "- command: python reproduce/speed/kernels_speed.py",
    ]
    text = "\n".join(lines) + "\n"
    (OUT / "README.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
