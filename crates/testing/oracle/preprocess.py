"""Reference results for tests/preprocess_oracle.rs from SimpleITK and scipy.

preprocess.py FOLDER reads FOLDER/image.nii and FOLDER/mask.nii and writes the references
beside them; single numbers go to standard output as JSON.
"""
import json
import pathlib
import sys

import numpy
import scipy.ndimage
import SimpleITK as sitk

folder = pathlib.Path(sys.argv[1])
image = sitk.ReadImage(str(folder / "image.nii"), sitk.sitkFloat32)
mask = sitk.ReadImage(str(folder / "mask.nii"), sitk.sitkUInt8)
mask_array = sitk.GetArrayFromImage(mask) > 0


def save(name: str, result: sitk.Image) -> None:
    sitk.WriteImage(sitk.Cast(result, sitk.sitkFloat32), str(folder / name))


def like_image(array: numpy.ndarray) -> sitk.Image:
    result = sitk.GetImageFromArray(array.astype("float32"))
    result.CopyInformation(mask)
    return result


numbers = {}
otsu = sitk.OtsuThresholdImageFilter()
otsu.SetNumberOfHistogramBins(256)
otsu.Execute(image)
numbers["otsu"] = otsu.GetThreshold()

for connectivity, rank in ((6, 1), (18, 2), (26, 3)):
    structure = scipy.ndimage.generate_binary_structure(3, rank)
    labels, numbers[f"components_{connectivity}"] = scipy.ndimage.label(mask_array, structure)
    save(f"components_{connectivity}.nii", like_image(labels))
    for name, work in (
        ("erode", scipy.ndimage.binary_erosion),
        ("dilate", scipy.ndimage.binary_dilation),
        ("open", scipy.ndimage.binary_opening),
    ):
        save(f"{name}_{connectivity}.nii", like_image(work(mask_array, structure, 2)))
save("fill.nii", like_image(scipy.ndimage.binary_fill_holes(mask_array)))

save("distance.nii", sitk.SignedMaurerDistanceMap(mask, False, False, True))
spacing = mask.GetSpacing()[::-1]
save("distance_scipy.nii",
     like_image(scipy.ndimage.distance_transform_edt(~mask_array, sampling=spacing)))

target = sitk.ReadImage(str(folder / "target.nii"))
for name, method in (
    ("nearest", sitk.sitkNearestNeighbor),
    ("linear", sitk.sitkLinear),
    ("cubic", sitk.sitkBSpline3),
):
    save(f"resampled_{name}.nii",
         sitk.Resample(image, target, sitk.Transform(3, sitk.sitkIdentity), method, -1.0))

smooth = scipy.ndimage.gaussian_filter(
    sitk.GetArrayFromImage(image), [1.5 / s for s in spacing], mode="nearest", truncate=8.0)
save("gaussian.nii", like_image(smooth))
print(json.dumps(numbers))
