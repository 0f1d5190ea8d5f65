"""Small valid files for the fuzz targets to start from, and for tests of every encoding.

python3 fuzz/make_seeds.py OUT   writes OUT/nifti/* and OUT/dicom/*
Needs numpy, nibabel, pydicom with pylibjpeg-openjpeg, and DCMTK's command line tools.
"""
import pathlib
import subprocess
import sys

import nibabel
import numpy
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    MRImageStorage,
    RLELossless,
    generate_uid,
)

NUMERIC = "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float32 float64".split()


def write_nifti(out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    values = numpy.arange(5 * 4 * 3).reshape(5, 4, 3)
    affine = numpy.diag([-1.0, 0.5, 3.0, 1.0])
    for version, image_class in ((1, nibabel.Nifti1Image), (2, nibabel.Nifti2Image)):
        for kind in NUMERIC:
            image = image_class(values.astype(kind), affine, dtype=kind)
            image.header.set_slope_inter(2, -10)
            nibabel.save(image, out / f"v{version}_{kind}.nii")
        image = image_class(numpy.stack([values, values + 100], -1).astype("int16"), affine)
        nibabel.save(image, out / f"v{version}_4d.nii.gz")
    qform = nibabel.Nifti1Image(values.astype("int16"), None)
    qform.set_qform(affine, 1)
    nibabel.save(qform, out / "qform_only.nii")


def classic(index: int, pixels: numpy.ndarray, series: str, study: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[series, str(index)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = "1.2.3.4"
    item = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    item.SOPClassUID, item.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
    item.StudyInstanceUID, item.SeriesInstanceUID = study, series
    item.Modality, item.Manufacturer = "MR", "Maker"
    item.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    item.ScanningSequence, item.EchoTime, item.RepetitionTime = "GR", "20", "700"
    item.MagneticFieldStrength, item.FlipAngle = "3", "20"
    item.SeriesNumber, item.InstanceNumber = "1", str(index + 1)
    item.SliceThickness, item.SpacingBetweenSlices = "2", "2"
    item.ImagePositionPatient = [-5, -6, 2 * index]
    item.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    item.PixelSpacing = [1.5, 0.75]
    item.RescaleSlope, item.RescaleIntercept = "2", "-10"
    set_pixels(item, pixels)
    return item


def set_pixels(item: Dataset, pixels: numpy.ndarray) -> None:
    item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
    item.Rows, item.Columns = pixels.shape[-2:]
    item.BitsAllocated, item.BitsStored, item.HighBit = 16, 12, 11
    item.PixelRepresentation = 0
    item.PixelData = pixels.astype("<u2").tobytes()


def enhanced(pixels: numpy.ndarray) -> FileDataset:
    item = classic(0, pixels[0], generate_uid(entropy_srcs=["e"]), generate_uid(entropy_srcs=["s"]))
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
                    "SliceThickness", "SpacingBetweenSlices", "EchoTime", "RescaleSlope",
                    "RescaleIntercept", "ScanningSequence"):
        delattr(item, keyword)
    item.SOPClassUID = item.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    item.NumberOfFrames = str(len(pixels))
    item.EchoPulseSequence = "GRADIENT"
    set_pixels(item, pixels)

    def group(**values):
        inner = Dataset()
        for keyword, value in values.items():
            setattr(inner, keyword, value)
        return [inner]

    shared = Dataset()
    shared.PlaneOrientationSequence = group(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.PixelMeasuresSequence = group(PixelSpacing=[1.5, 0.75], SliceThickness="2")
    shared.MREchoSequence = group(EffectiveEchoTime=20.0)
    item.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for index in range(len(pixels)):
        frame = Dataset()
        frame.PlanePositionSequence = group(ImagePositionPatient=[-5, -6, 2 * index])
        frame.MRImageFrameTypeSequence = group(
            FrameType=["ORIGINAL", "PRIMARY", "M", "NONE"], ComplexImageComponent="MAGNITUDE")
        frame.PixelValueTransformationSequence = group(RescaleSlope="2", RescaleIntercept="-10")
        frames.append(frame)
    item.PerFrameFunctionalGroupsSequence = frames
    return item


def write_dicom(out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rows, columns = 40, 36  # JPEG 2000 takes no less
    plane = (numpy.arange(rows)[:, None] * 70 + numpy.arange(columns) * 33 + 100) % 4096
    series, study = (generate_uid(entropy_srcs=[name]) for name in ("series", "study"))
    plain = out / "explicit.dcm"
    item = classic(0, plane, series, study)
    item.save_as(plain, enforce_file_format=True)
    volume = numpy.stack([plane + k for k in range(3)])
    enhanced(volume).save_as(out / "enhanced.dcm", enforce_file_format=True)
    for name, syntax in (("rle", RLELossless), ("jpeg2000", JPEG2000Lossless)):
        compressed = classic(0, plane, series, study)
        compressed.compress(syntax, generate_instance_uid=False)
        compressed.save_as(out / f"{name}.dcm", enforce_file_format=True)
    for command in (
        ["dcmcjpeg", "+e1", plain, out / "jpeg_lossless.dcm"],
        ["dcmcjpeg", "+ee", plain, out / "jpeg_extended.dcm"],
        ["dcmconv", "+ti", plain, out / "implicit.dcm"],
        ["dcmconv", "+tb", plain, out / "big_endian.dcm"],
        ["dcmconv", "+td", plain, out / "deflated.dcm"],
    ):
        subprocess.run(command, check=True)


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    write_nifti(target / "nifti")
    write_dicom(target / "dicom")
