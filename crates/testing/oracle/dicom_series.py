"""A DICOM series in many forms, by pydicom and GDCM.

    dicom_series.py SCAN.nii.gz FOLDER SEED

Writes the slices of an axial scan of whole numbers. With seed 0 they are as plain as can be: Explicit VR Little Endian,
in order. Any other seed draws for every file a transfer syntax (implicit, explicit, big endian, deflated, RLE, JPEG
lossless, JPEG 2000), private elements and sequences, of defined or undefined length, and bytes behind the data
set; names and order say nothing. The pixels are the same.
"""
import random
import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian,
                         ImplicitVRLittleEndian)

MR = "1.2.840.10008.5.1.4.1.1.4"
UID = "1.2.826.0.1.3680043.10.1388"
NATIVE = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
GDCM = ["RLELossless", "JPEGLosslessProcess14_1", "JPEG2000Lossless"]


def slice_of(values, affine, number, count):
    """One slice of a volume in RAS, as a data set in LPS."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = MR, f"{UID}.{number + 1}"
    ds.SeriesInstanceUID, ds.StudyInstanceUID = f"{UID}.0.1", f"{UID}.0"
    ds.Modality, ds.Manufacturer, ds.SeriesDescription = "MR", "SIEMENS", "t2_fl2d_hemo"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    ds.ScanningSequence, ds.MRAcquisitionType = "GR", "2D"
    ds.EchoTime, ds.MagneticFieldStrength, ds.InstanceNumber = 20, 3, number + 1
    to_lps = np.diag([-1.0, -1.0, 1.0])
    axes = to_lps @ affine[:3, :3]
    sizes = np.linalg.norm(axes, axis=0)
    directions = axes / sizes
    ds.ImageOrientationPatient = [f"{v:.6g}" for v in (*directions[:, 0], *directions[:, 1])]
    position = to_lps @ (affine[:3, 3] + affine[:3, 2] * number)
    ds.ImagePositionPatient = [f"{v:.8g}" for v in position]
    ds.PixelSpacing = [f"{sizes[1]:.8g}", f"{sizes[0]:.8g}"]
    ds.SliceThickness = f"{sizes[2]:.8g}"
    ds.ImagesInAcquisition = count
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = values.shape[1], values.shape[0]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelData = np.ascontiguousarray(values.T).astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def write(ds, syntax, path):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    if syntax == ExplicitVRBigEndian:
        pixels = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
        ds.PixelData = pixels
        ds["PixelData"].VR = "OW"
    ds.save_as(path, enforce_file_format=True)


def decorate(ds, draw):
    """What other programs add."""
    if draw.random() < 0.5:
        block = ds.private_block(0x0029, "SOMEBODY ELSE", create=True)
        block.add_new(0x10, "OB", draw.randbytes(2 * draw.randint(1, 400)))
        block.add_new(0x11, "LO", "text")
    if draw.random() < 0.5:
        item, inner = Dataset(), Dataset()
        inner.CodeValue, inner.CodeMeaning = "T-A0100", "Brain"
        item.AnatomicRegionModifierSequence = Sequence([inner])
        item.CodeMeaning = "Head"
        ds.AnatomicRegionSequence = Sequence([item] * draw.randint(1, 3))
        ds["AnatomicRegionSequence"].is_undefined_length = draw.random() < 0.5


def transcode(path, syntax):
    # Once it is loaded, its zlib gets in the way of Python's, so it comes last.
    import gdcm
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    changed = path.with_suffix(".changed")
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(changed))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    changed.replace(path)


def main(scan, folder, seed):
    image = nibabel.load(scan)
    values = np.asanyarray(image.dataobj)
    assert np.all(values == np.round(values)) and values.min() >= 0
    draw = random.Random(seed)
    numbers = list(range(values.shape[2]))
    if seed:
        draw.shuffle(numbers)
    to_transcode, to_lengthen = [], []
    for place, number in enumerate(numbers):
        ds = slice_of(values[:, :, number], image.affine, number, values.shape[2])
        below = folder / f"{place % 3}" if seed else folder
        below.mkdir(parents=True, exist_ok=True)
        path = below / (f"{draw.getrandbits(40):x}" if seed else f"IM{number:04d}.dcm")
        if not seed:
            write(ds, ExplicitVRLittleEndian, path)
            continue
        decorate(ds, draw)
        if draw.random() < 0.5:
            write(ds, draw.choice(NATIVE), path)
        else:
            write(ds, ExplicitVRLittleEndian, path)
            to_transcode.append((path, draw.choice(GDCM)))
        if draw.random() < 0.5:
            to_lengthen.append((path, draw.choice([2, 100, 512])))
    for path, syntax in to_transcode:
        transcode(path, syntax)
    for path, count in to_lengthen:
        with open(path, "ab") as file:
            file.write(bytes(count))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
