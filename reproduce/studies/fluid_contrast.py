"""How far the signal alone tells fluid from tissue in a simulated cohort: what a network of regions has to go by.

python3 reproduce/studies/fluid_contrast.py COHORT OUT

Of each scan of COHORT (made by `siderin simulate cohort`), by its true regions on its own grid, a line of OUT:
the share of fluid inside the brain; its median signal over that of tissue; the area under the ROC curve when a
voxel is called fluid by its signal, in the direction that is right more often (.5: no better than a coin); Dice of
parenchyma when the whole inside is called tissue. Needs numpy, scipy and nibabel.
"""
import argparse
import pathlib

import nibabel
import numpy
from scipy.stats import rankdata

from region_overlap import FLUID, subjects

SAMPLE = 20_000


def area(fluid: numpy.ndarray, tissue: numpy.ndarray) -> float:
    """Area under the ROC curve, by ranks (Mann and Whitney), at least .5."""
    ranks = rankdata(numpy.concatenate([fluid, tissue]))
    above = ranks[: len(fluid)].sum() - len(fluid) * (len(fluid) + 1) / 2
    share = above / (len(fluid) * len(tissue))
    return max(share, 1 - share)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    draw = numpy.random.default_rng(0)
    areas, shares = [], []
    with open(args.out, "w") as file:
        print("scan,protocol,fluid_share,fluid_to_tissue,area_under_curve,dice_if_all_tissue", file=file)
        for subject, protocol, scan, codes in subjects(args.cohort):
            voxels = numpy.asarray(nibabel.load(scan).dataobj)
            fluid, tissue = voxels[codes == FLUID], voxels[(codes > 0) & (codes != FLUID)]
            share = len(fluid) / (len(fluid) + len(tissue))
            ratio = numpy.median(fluid) / numpy.median(tissue)
            sampled = [draw.choice(of, min(SAMPLE, len(of)), replace=False) for of in (fluid, tissue)]
            areas.append(area(*sampled))
            shares.append(share)
            all_tissue = 2 * (1 - share) / (2 - share)
            numbers = (f"{value:.3f}" for value in (share, ratio, areas[-1], all_tissue))
            print(subject, protocol, *numbers, sep=",", file=file, flush=True)
    low, middle, high = numpy.percentile(areas, [25, 50, 75])
    print(f"{len(areas)} scans: area under the curve {middle:.2f} in the middle ({low:.2f} to {high:.2f} in the middle half),")
    print(f"below .7 in {sum(a < 0.7 for a in areas)}; fluid {numpy.mean(shares):.2f} of the inside")


if __name__ == "__main__":
    main()
