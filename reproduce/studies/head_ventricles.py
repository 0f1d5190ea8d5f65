"""How much fluid the label maps of heads hold.

python3 reproduce/studies/head_ventricles.py HEADS OUT

OUT gets a row per label map of the folder HEADS: ml of the lateral ventricles (FreeSurfer's labels 4, 5, 43 and 44) and of
the fluid around the brain (24). Needs numpy and nibabel.
"""
import csv
import pathlib
import sys

import nibabel
import numpy

with open(sys.argv[2], "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["head", "lateral_ventricles_ml", "fluid_around_ml"])
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.nii.gz")):
        image = nibabel.load(path)
        labels = numpy.asarray(image.dataobj).astype(int)
        ml = abs(numpy.linalg.det(image.affine[:3, :3])) / 1000
        volumes = [numpy.isin(labels, codes).sum() * ml for codes in ([4, 5, 43, 44], [24])]
        writer.writerow([path.name.removesuffix(".nii.gz"), *(f"{volume:.0f}" for volume in volumes)])
