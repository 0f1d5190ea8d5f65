"""Draws convolutions and writes PyTorch's outputs and gradients for tests/pytorch.rs.

    python draw.py             # needs torch, numpy and safetensors

Writes drawn.safetensors: sizes in its metadata, and `y.N`, `dx.N`, `dw.N` of case N. Inputs are made
by both sides from a seed, so that they need no room.
"""

import json
import pathlib
import random

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

CASES = 120
MOST = 5000


def values(seed, length):
    """As `values` in the tests in Rust (xorshift, Marsaglia 2003)."""
    mask = (1 << 64) - 1
    state = (seed * 0x9E3779B97F4A7C15 & mask) | 1
    out = np.empty(length, np.float32)
    for at in range(length):
        state ^= state << 13 & mask
        state ^= state >> 7
        state ^= state << 17 & mask
        out[at] = np.float32(state >> 40) / np.float32(1 << 23) - np.float32(1)
    return out


def draw(rng, at):
    flat = rng.random() < 0.4
    kinds = [1, 2, 3, 5, 7, 13]
    kernel = [1 if flat else rng.choice(kinds[:5]), rng.choice(kinds), rng.choice(kinds)]
    groups = rng.choice([1, 1, 1, 2, 3])
    per = [rng.randint(1, 9), rng.randint(1, 9)]
    if rng.random() < 0.25:
        groups, per = rng.randint(1, 6), [1, 1]
    case = {
        # Every twelfth batch is empty.
        "batch": 0 if at % 12 == 5 else rng.randint(1, 3),
        "channels": [per[0] * groups, per[1] * groups],
        "size": [1 if flat else rng.choice([1, 2, 3, 5, 7]), rng.choice([1, 4, 7, 11]), rng.choice([1, 5, 9, 17, 23])],
        "kernel": kernel,
        "stride": [1 if flat else rng.choice([1, 2]), rng.choice([1, 2]), rng.choice([1, 2])],
        "dilation": [1 if flat else rng.choice([1, 1, 2]), rng.choice([1, 2, 3]), rng.choice([1, 2, 3])],
        "padding": [0 if flat else rng.randint(0, 3), rng.randint(0, 6), rng.randint(0, 6)],
        "groups": groups,
        "transposed": rng.random() < 0.3,
    }
    return case


def shapes(case):
    inputs, outputs = case["channels"]
    x = [case["batch"], inputs, *case["size"]]
    if case["transposed"]:
        return x, [inputs, outputs // case["groups"], *case["kernel"]]
    return x, [outputs, inputs // case["groups"], *case["kernel"]]


def run(case, seed):
    x_shape, w_shape = shapes(case)
    x = torch.tensor(values(seed, int(np.prod(x_shape))).reshape(x_shape), requires_grad=True)
    w = torch.tensor(values(seed + 1, int(np.prod(w_shape))).reshape(w_shape), requires_grad=True)
    more = {key: case[key] for key in ("stride", "padding", "dilation", "groups")}
    y = (F.conv_transpose3d if case["transposed"] else F.conv3d)(x, w, **more)
    if y.numel() + x.numel() + w.numel() > MOST:
        raise RuntimeError("too large")
    dy = values(seed + 2, y.numel()).reshape(y.shape)
    y.backward(torch.tensor(dy))
    return {"y": y.detach(), "dx": x.grad, "dw": w.grad}


def main():
    rng = random.Random(20260101)
    cases, tensors = [], {}
    while len(cases) < CASES:
        case = draw(rng, len(cases))
        try:
            found = run(case, 10 * len(cases))
        except RuntimeError:
            continue
        case["output"] = list(found["y"].shape[2:])
        tensors |= {f"{key}.{len(cases)}": value.contiguous() for key, value in found.items()}
        cases.append(case)
    path = pathlib.Path(__file__).parent / "drawn.safetensors"
    save_file(tensors, path, {"cases": json.dumps(cases), "torch": torch.__version__})


main()
