"""Writes the reference values that the tests of layers, losses and networks compare with.

    python make.py          # needs torch, numpy and safetensors

Each file holds one case: `weights.*` (a state dict), `input.N`, `output.N`, `probe.N` (random
factors that make one number of the outputs), and the gradients of that number: `grad.*` of the
weights and `input_grad.N`. Batch normalisation is in training mode; networks also have `eval.N`,
their outputs in inference mode. The networks' sizes are in the metadata `config`, as a model file
has them.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

import twin

OUT = pathlib.Path(__file__).parent / "values"


def write(name, tensors, **metadata):
    whole = {key: value.detach().contiguous().clone() for key, value in tensors.items()}
    save_file(whole, OUT / f"{name}.safetensors", {k: json.dumps(v) for k, v in metadata.items()})


def randomise(module):
    """Every number a different one, so that no swapped tensor goes unseen."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.dtype != torch.float32:
                continue
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif "norm" in name and name.endswith("weight"):
                tensor.uniform_(0.5, 1.5)
            elif tensor.dim() < 2:
                tensor.uniform_(-0.3, 0.3)
            else:
                fan_in = tensor[0].numel()
                tensor.uniform_(-1, 1).mul_((3 / fan_in) ** 0.5)


def as_list(outputs):
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def case(name, module, *shapes, evaluate=False, **metadata):
    inputs = [torch.randn(shape, requires_grad=True) for shape in shapes]
    tensors = {}
    if isinstance(module, nn.Module):
        randomise(module)
        state = module.state_dict().items()
        tensors |= {f"weights.{k}": v.clone() for k, v in state if v.dtype == torch.float32}
        if evaluate:
            module.eval()
            with torch.no_grad():
                for at, output in enumerate(as_list(module(*inputs))):
                    tensors[f"eval.{at}"] = output
        module.train()
    outputs = as_list(module(*inputs))
    number = 0
    for at, output in enumerate(outputs):
        probe = torch.randn_like(output)
        tensors |= {f"output.{at}": output, f"probe.{at}": probe}
        number = number + (probe * output).sum()
    number.backward()
    for at, value in enumerate(inputs):
        tensors |= {f"input.{at}": value, f"input_grad.{at}": value.grad}
    if isinstance(module, nn.Module):
        tensors |= {f"grad.{k}": v.grad for k, v in module.named_parameters()}
    write(name, tensors, **metadata)
    return tensors


def layers():
    case("max_pool3d", lambda x: F.max_pool3d(x, 2), (2, 3, 4, 6, 8))
    case(
        "upsample_nearest3d",
        lambda x: F.interpolate(x, scale_factor=2, mode="nearest"),
        (2, 3, 2, 3, 4),
    )
    case(
        "upsample_bilinear",
        lambda x: F.interpolate(x, size=(6, 10), mode="bilinear", align_corners=False),
        (2, 3, 3, 5),
    )
    case("conv_batch_relu", twin.ConvBatchRelu(3, 5), (2, 3, 7, 6))
    case("residual_plain", twin.ResidualBlock(4, 4, 1), (2, 4, 7, 6))
    case("residual_wider", twin.ResidualBlock(4, 6, 1), (2, 4, 7, 6))
    case("residual_strided", twin.ResidualBlock(4, 6, 2), (2, 4, 7, 6))
    case("rlk_block", twin.RlkBlock(16), (2, 16, 15, 14))
    case("skip_with_cbam", twin.Skip(8, True), (2, 8, 9, 8), (2, 8, 9, 8))
    case("skip_without_cbam", twin.Skip(8, False), (2, 8, 9, 8), (2, 8, 9, 8))
    case("aspp_sum", twin.ResidualAspp(4, (2, 3, 4), "sum"), (2, 4, 12, 10))
    case("aspp_concatenate", twin.ResidualAspp(4, (2, 3, 4), "concatenate"), (2, 4, 12, 10))
    case("unet3d_up_level", twin.UpLevel(6, 4), (2, 6, 2, 3, 4), (2, 4, 4, 6, 8))
    stride = [1, 2, 2]
    case("guided_block_instance", twin.Block(3, 5, [1, 3, 3], stride, "instance"), (2, 3, 4, 8, 6))
    case("guided_block_batch", twin.Block(4, 4, [3, 3, 3], [2, 2, 2], "batch"), (2, 4, 4, 8, 6))
    coarse = {"channels": 6, "stride": stride}
    fine = {"channels": 4, "kernel": [1, 3, 3]}
    up = twin.GuidedUpLevel(coarse, fine, "instance")
    case("guided_up_level", up, (2, 6, 3, 4, 3), (2, 4, 3, 8, 6))
    case("region_unet_up_level", twin.UpLevel(6, 4, "instance"), (2, 6, 2, 3, 4), (2, 4, 4, 6, 8))


def probabilities(logits):
    return torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, 1)


def with_background(classes):
    return torch.cat([1 - classes, classes], 1) if classes.shape[1] == 1 else classes


def per_class(x):
    return x.transpose(0, 1).flatten(1).sum(1)


def foreground(sums):
    return sums if len(sums) == 1 else sums[1:]


def dice(logits, g):
    p = probabilities(logits)
    both, either = foreground(per_class(p * g)), foreground(per_class(p + g))
    return (1 - (2 * both + 1) / (either + 1)).mean()


def sensitivity(logits, g):
    p = probabilities(logits)
    return (1 - (foreground(per_class(p * g)) + 1) / (foreground(per_class(g)) + 1)).mean()


def focal_tversky(logits, g):
    p, g = with_background(probabilities(logits)), with_background(g)
    both = per_class(p * g)
    index = (both + 1) / (both + 0.3 * per_class(p * (1 - g)) + 0.7 * per_class((1 - p) * g) + 1)
    return ((1 - index) ** 3).sum()


def cross_entropy(logits, g, **more):
    """PyTorch's own, of class numbers."""
    if logits.shape[1] == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], 1)
    return F.cross_entropy(logits, with_background(g).argmax(1), **more)


def weighted(logits, g):
    weights = torch.tensor([0.1, 5.0, 2.0][: max(2, g.shape[1])])
    return cross_entropy(logits, g, weight=weights, reduction="none").mean()


def top_k(logits, g):
    losses = cross_entropy(logits, g, reduction="none").flatten()
    return losses.topk(int(0.1 * len(losses))).values.mean()


def focal(logits, g, alpha=None):
    losses = cross_entropy(logits, g, reduction="none")
    hard = (1 - torch.exp(-losses)) ** 2
    weight = 1
    if alpha is not None:
        weight = torch.where(with_background(g)[:, 0] == 1, 1 - alpha, alpha)
    return (weight * hard * losses).mean()


def tversky_cross_entropy(logits, g):
    """As the paper has it: alpha = beta = 1/2, gamma = 3, weights .1 and 5."""
    p, h = with_background(probabilities(logits)), with_background(g)
    wrong = 0.5 * per_class(p * (1 - h)) + 0.5 * per_class((1 - p) * h)
    index = (per_class(p * h) + 1) / (per_class(p * h) + wrong + 1)
    return ((1 - index) ** 3).sum() + 0.1 * weighted(logits, g)


LOSSES = {
    "dice": dice,
    "sensitivity": sensitivity,
    "focal_tversky": focal_tversky,
    "cross_entropy": cross_entropy,
    "weighted_cross_entropy": weighted,
    "top_k": top_k,
    "focal": focal,
    "focal_alpha": lambda logits, g: focal(logits, g, 0.75),
    "dice_top_k": lambda logits, g: 0.5 * dice(logits, g) + 0.5 * top_k(logits, g),
    "dice_cross_entropy": lambda logits, g: 0.5 * dice(logits, g) + 0.5 * cross_entropy(logits, g),
    "tversky_cross_entropy": tversky_cross_entropy,
    "dice_focal": lambda logits, g: dice(logits, g) + focal(logits, g),
    "cascade": lambda logits, g: cross_entropy(logits, g)
    + dice(logits, g)
    + 10 * sensitivity(logits, g),
}


def losses():
    binary = (torch.rand(2, 1, 6, 7) < 0.2).float()
    classes = F.one_hot(torch.randint(0, 3, (2, 3, 4, 5)), 3).movedim(-1, 1).float()
    tensors = {}
    for kind, target in (("binary", binary), ("classes", classes)):
        logits = torch.randn_like(target).mul(2).requires_grad_()
        tensors |= {f"{kind}.logits": logits, f"{kind}.target": target}
        for name, loss in LOSSES.items():
            if name == "tversky_cross_entropy" and kind == "classes":
                continue  # its weights are for two classes
            logits.grad = None
            value = loss(logits, target)
            value.backward()
            tensors |= {f"{kind}.{name}": value.reshape(1), f"{kind}.{name}.grad": logits.grad}
    outputs = [torch.randn(2, 1, 8 >> k, 8 >> k, requires_grad=True) for k in range(3)]
    target = (torch.rand(2, 1, 8, 8) < 0.1).float()
    targets = [target, F.max_pool2d(target, 2), F.max_pool2d(target, 4)]
    value = sum(
        weight * (dice(output, g) + focal(output, g))
        for weight, output, g in zip((0.4, 0.3, 0.2), outputs, targets)
    )
    value.backward()
    tensors |= {"deep.target": target, "deep.value": value.reshape(1)}
    for at, output in enumerate(outputs):
        tensors |= {f"deep.output.{at}": output, f"deep.grad.{at}": output.grad}
    write("losses", tensors)


def networks():
    def level(kernel, stride, channels, blocks):
        return {"kernel": kernel, "stride": stride, "channels": channels, "blocks": blocks}

    flat, cube = [1, 3, 3], [3, 3, 3]
    levels = [
        level(flat, [1, 1, 1], 4, 1),
        level(flat, [1, 2, 2], 6, 2),
        level(cube, [2, 2, 2], 8, 1),
        level(cube, [1, 2, 2], 8, 1),
    ]
    rlk = {"width": 8, "blocks": [2, 1, 1, 1], "stochastic_depth": [0.0] * 4, "dropout": 0.0}
    mmoc = {
        "coarse": {"channels": [4, 6, 8, 8, 8], "blocks": [2, 2, 1, 2]},
        "fine": {"channels": 4, "region": 16, "dilations": [4, 8, 12], "fusion": "sum"},
    }
    cases = {
        "rlk_unet": ({"architecture": "rlk-unet", "cbam_skips": 2, **rlk}, (1, 3, 32, 24)),
        "unet3d": (
            {"architecture": "unet3d", "inputs": 2, "filters": [4, 4, 6, 6]},
            (2, 2, 32, 16, 16),
        ),
        "mmoc_net": ({"architecture": "mmoc-net", **mmoc}, (2, 1, 48, 32)),
    }
    for norm in ("instance", "batch"):
        config = {"architecture": "guided-unet", "inputs": 2, "levels": levels, "norm": norm}
        cases[f"guided_unet_{norm}"] = (config, (2, 2, 4, 16, 24))
    for name, (config, shape) in cases.items():
        tensors = case(name, twin.network(config), shape, evaluate=True, config=config)
        if name == "mmoc_net":
            # As a PyTorch checkpoint, too, of the kind that trainings write.
            prefix = "weights."
            state = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
            torch.save({"epoch": 7, "state_dict": state}, OUT / "mmoc_net.pt")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for part in (layers, losses, networks):
        torch.manual_seed(20260101)
        part()
