"""The four networks in PyTorch, written from the papers' descriptions.

Names of modules are those of the Rust structs, so that one set of weights fits both.
"""

import torch
import torch.nn.functional as F
from torch import nn


def conv2(a, b, k, **more):
    return nn.Conv2d(a, b, k, padding=k // 2, **more)


class ConvBatchRelu(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.conv, self.norm = conv2(a, b, 3), nn.BatchNorm2d(b)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Shortcut(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(a, b, 1, stride=stride), nn.BatchNorm2d(b)

    def forward(self, x):
        return self.norm(self.conv(x))


class ResidualBlock(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.conv1, self.norm1 = conv2(a, b, 3, stride=stride), nn.BatchNorm2d(b)
        self.conv2, self.norm2 = conv2(b, b, 3), nn.BatchNorm2d(b)
        if a != b or stride != 1:
            self.shortcut = Shortcut(a, b, stride)

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + (self.shortcut(x) if hasattr(self, "shortcut") else x))


# RLK-UNet


class RlkBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.GroupNorm(8, c) for _ in range(3))
        self.pointwise1, self.pointwise2 = nn.Conv2d(c, c, 1), nn.Conv2d(c, c, 1)
        self.large = conv2(c, c, 13, groups=c)
        self.small = conv2(c, c, 5, groups=c)
        self.expand, self.shrink = nn.Conv2d(c, 4 * c, 1), nn.Conv2d(4 * c, c, 1)

    def forward(self, x):
        y = self.pointwise1(F.gelu(self.norm1(x)))
        y = F.gelu(self.norm2(y))
        y = self.large(y) + self.small(y)
        x = x + self.pointwise2(F.gelu(self.norm3(y)))
        return x + self.shrink(F.gelu(self.expand(x)))


class Cbam(nn.Module):
    def __init__(self, c):
        super().__init__()
        hidden = max(c // 16, 4)
        self.reduce, self.restore = nn.Conv2d(c, hidden, 1), nn.Conv2d(hidden, c, 1)
        self.spatial = conv2(2, 1, 7)

    def forward(self, x):
        def mlp(pooled):
            return self.restore(F.relu(self.reduce(pooled)))

        x = x * torch.sigmoid(mlp(F.adaptive_avg_pool2d(x, 1)) + mlp(F.adaptive_max_pool2d(x, 1)))
        across = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.spatial(across))


class AttentionGate(nn.Module):
    def __init__(self, c):
        super().__init__()
        inner = max(c // 2, 1)
        self.from_skip, self.from_coarser = nn.Conv2d(c, inner, 1), nn.Conv2d(c, inner, 1)
        self.weigh = nn.Conv2d(inner, 1, 1)

    def forward(self, skip, coarser):
        asked = F.relu(self.from_skip(skip) + self.from_coarser(coarser))
        return skip * torch.sigmoid(self.weigh(asked))


class Skip(nn.Module):
    def __init__(self, c, cbam):
        super().__init__()
        if cbam:
            self.cbam = Cbam(c)
        self.gate = AttentionGate(c)

    def forward(self, skip, coarser):
        gated = self.gate(skip, coarser)
        return gated + self.cbam(skip) if hasattr(self, "cbam") else gated


class Down(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.pointwise = nn.Conv2d(a, b, 1)
        self.depthwise = conv2(b, b, 3, stride=2, groups=b)

    def forward(self, x):
        return self.depthwise(self.pointwise(x))


class Stage(nn.Module):
    def __init__(self, a, b, blocks):
        super().__init__()
        if a != b:
            self.down = Down(a, b)
        self.blocks = nn.ModuleList(RlkBlock(b) for _ in range(blocks))

    def forward(self, x):
        x = self.down(x) if hasattr(self, "down") else x
        for block in self.blocks:
            x = block(x)
        return x


class ConvGroup(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.conv, self.norm = conv2(a, b, 3), nn.GroupNorm(8, b)

    def forward(self, x):
        return F.gelu(self.norm(self.conv(x)))


class UpStage(nn.Module):
    def __init__(self, coarse, fine, cbam):
        super().__init__()
        self.up, self.skip = nn.Conv2d(coarse, fine, 1), Skip(fine, cbam)
        self.first, self.second = ConvGroup(2 * fine, fine), ConvGroup(fine, fine)

    def forward(self, x, skip):
        up = self.up(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
        return self.second(self.first(torch.cat([self.skip(skip, up), up], 1)))


class RlkUnet(nn.Module):
    def __init__(self, width, blocks, cbam_skips, **_):
        super().__init__()
        c = [width << stage for stage in range(4)]
        self.stem = conv2(3, width, 3)
        self.stages = nn.ModuleList(
            Stage(c[max(s - 1, 0)], c[s], blocks[s]) for s in range(4)
        )
        self.decoder = nn.ModuleList(
            UpStage(c[level + 1], c[level], level < cbam_skips) for level in (2, 1, 0)
        )
        self.heads = nn.ModuleList(nn.Conv2d(c[s], 1, 1) for s in (3, 2, 1, 0))

    def forward(self, x):
        x, skips = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        outputs = [self.heads[0](x)]
        for up, skip, head in zip(self.decoder, skips[2::-1], self.heads[1:]):
            x = up(x, skip)
            outputs.append(head(x))
        return outputs[::-1]


# 3D U-Net


class ConvNorm(nn.Module):
    def __init__(self, a, b, kernel, stride, norm):
        super().__init__()
        self.conv = nn.Conv3d(a, b, kernel, stride=stride, padding=[(k - 1) // 2 for k in kernel])
        self.norm = nn.InstanceNorm3d(b, affine=True) if norm == "instance" else nn.BatchNorm3d(b)

    def forward(self, x):
        return self.norm(self.conv(x))


class ConvAct(ConvNorm):
    """Batch normalisation and ELU, or instance normalisation and ReLU as in the network of regions."""

    def __init__(self, a, b, k, norm):
        super().__init__(a, b, [k] * 3, [1] * 3, norm)
        self.activation = F.relu if norm == "instance" else F.elu

    def forward(self, x):
        return self.activation(super().forward(x))


class Level(nn.Module):
    def __init__(self, a, b, norm="batch"):
        super().__init__()
        self.first, self.second = ConvAct(a, b, 3, norm), ConvAct(b, b, 3, norm)

    def forward(self, x):
        return self.second(self.first(x))


class UpLevel(nn.Module):
    def __init__(self, coarse, fine, norm="batch"):
        super().__init__()
        self.up, self.level = ConvAct(coarse, coarse, 2, norm), Level(coarse + fine, fine, norm)

    def forward(self, x, skip):
        x = F.pad(F.interpolate(x, scale_factor=2, mode="nearest"), (0, 1, 0, 1, 0, 1))
        return self.level(torch.cat([skip, self.up(x)], 1))


class Unet3d(nn.Module):
    def __init__(self, inputs, filters):
        super().__init__()
        f = [*filters, 2 * filters[3]]
        self.encoder = nn.ModuleList(Level(([inputs] + f)[i], f[i]) for i in range(4))
        self.bottleneck = Level(f[3], f[4])
        self.decoder = nn.ModuleList(UpLevel(f[i + 1], f[i]) for i in (3, 2, 1, 0))
        self.head = nn.Conv3d(f[0], 2, 1)

    def forward(self, x):
        skips = []
        for level in self.encoder:
            skips.append(level(x))
            x = F.max_pool3d(skips[-1], 2)
        x = self.bottleneck(x)
        for up, skip in zip(self.decoder, skips[::-1]):
            x = up(x, skip)
        return [self.head(x)]


# MMOC-Net


class Coarse(nn.Module):
    def __init__(self, channels, blocks):
        super().__init__()
        c = channels
        self.stem = ConvBatchRelu(1, c[0])
        self.stages = nn.ModuleList(
            nn.ModuleList(
                ResidualBlock(c[s - 1] if b == 0 else c[s], c[s], 2 if b == 0 and s > 1 else 1)
                for b in range(blocks[s - 1])
            )
            for s in range(1, 5)
        )
        self.decoder = nn.ModuleList(
            nn.ModuleList([ConvBatchRelu(c[l + 1] + c[l], c[l]), ConvBatchRelu(c[l], c[l])])
            for l in (3, 2, 1, 0)
        )
        self.head = nn.Conv2d(c[0], 1, 1)

    def forward(self, x):
        x, skips = self.stem(x), []
        for at, blocks in enumerate(self.stages):
            skips.append(x)
            if at == 0:
                x = F.max_pool2d(x, 2)
            for block in blocks:
                x = block(x)
        for refine, skip in zip(self.decoder, skips[::-1]):
            up = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = torch.cat([skip, up], 1)
            for conv in refine:
                x = conv(x)
        return [self.head(x)]


class ResidualAspp(nn.Module):
    def __init__(self, c, dilations, fusion):
        super().__init__()
        self.dilated = nn.ModuleList(
            nn.Conv2d(c, c, 3, dilation=d, padding=d) for d in dilations
        )
        if fusion == "concatenate":
            self.pointwise = nn.Conv2d(c, c, 1)
        self.fuse = nn.Conv2d(5 * c if fusion == "concatenate" else c, c, 1)

    def forward(self, x):
        branches = [conv(x) for conv in self.dilated]
        mean = F.adaptive_avg_pool2d(x, 1).expand_as(x)
        if hasattr(self, "pointwise"):
            return x + self.fuse(torch.cat([self.pointwise(x), *branches, mean], 1))
        return x + self.fuse(sum(branches) + mean)


class Fine(nn.Module):
    def __init__(self, channels, dilations, fusion, region):
        super().__init__()
        c = channels
        self.stem = ConvBatchRelu(1, c)
        self.shallow = nn.Sequential(*(ResidualBlock(c, c, 1) for _ in range(3)))
        self.pyramid = ResidualAspp(c, dilations, fusion)
        self.deep = nn.Sequential(*(ResidualBlock(c, c, 1) for _ in range(3)))
        self.head = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        return [self.head(self.deep(self.pyramid(self.shallow(self.stem(x)))))]


class Mmoc(nn.Module):
    def __init__(self, coarse, fine):
        super().__init__()
        self.coarse, self.fine = Coarse(**coarse), Fine(**fine)

    def forward(self, x):
        return [*self.coarse(x), *self.fine(x)]


# Guided U-Net


def leaky(x):
    return F.leaky_relu(x, 0.01)


class Block(nn.Module):
    def __init__(self, a, b, kernel, stride, norm):
        super().__init__()
        self.first = ConvNorm(a, b, kernel, stride, norm)
        self.second = ConvNorm(b, b, kernel, [1, 1, 1], norm)
        if a != b:
            self.shortcut = ConvNorm(a, b, [1, 1, 1], [1, 1, 1], norm)
        self.stride = stride

    def forward(self, x):
        y = self.second(leaky(self.first(x)))
        if self.stride != [1, 1, 1]:
            x = F.avg_pool3d(x, self.stride, self.stride)
        return leaky(y + (self.shortcut(x) if hasattr(self, "shortcut") else x))


class GuidedUpLevel(nn.Module):
    def __init__(self, coarse, fine, norm):
        super().__init__()
        a, b, stride = coarse["channels"], fine["channels"], coarse["stride"]
        self.up = nn.ConvTranspose3d(a, b, stride, stride=stride)
        self.refine = ConvNorm(2 * b, b, fine["kernel"], [1, 1, 1], norm)

    def forward(self, x, skip):
        return leaky(self.refine(torch.cat([self.up(x), skip], 1)))


class Guided(nn.Module):
    def __init__(self, inputs, levels, norm):
        super().__init__()
        c = [level["channels"] for level in levels]
        self.stem = ConvNorm(inputs, c[0], levels[0]["kernel"], [1, 1, 1], norm)
        self.encoder = nn.ModuleList(
            nn.ModuleList(
                Block(
                    c[max(at - 1, 0)] if b == 0 else c[at],
                    c[at],
                    level["kernel"],
                    level["stride"] if b == 0 else [1, 1, 1],
                    norm,
                )
                for b in range(level["blocks"])
            )
            for at, level in enumerate(levels)
        )
        order = range(len(levels) - 2, -1, -1)
        self.decoder = nn.ModuleList(
            GuidedUpLevel(levels[at + 1], levels[at], norm) for at in order
        )
        self.heads = nn.ModuleList(nn.Conv3d(c[at], 5, 1) for at in order)

    def forward(self, x):
        x, skips, outputs = leaky(self.stem(x)), [], []
        for blocks in self.encoder:
            for block in blocks:
                x = block(x)
            skips.append(x)
        for up, skip, head in zip(self.decoder, skips[-2::-1], self.heads):
            x = up(x, skip)
            outputs.append(head(x))
        return outputs[::-1]


ARCHITECTURES = {"rlk-unet": RlkUnet, "unet3d": Unet3d, "mmoc-net": Mmoc, "guided-unet": Guided}


def network(config):
    config = dict(config)
    return ARCHITECTURES[config.pop("architecture")](**config)
