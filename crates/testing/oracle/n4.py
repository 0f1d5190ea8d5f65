"""n4.py IMAGE MASK SHRINK OUT: the bias field SimpleITK's N4 finds, on the image's grid."""
import sys

import SimpleITK as sitk

image = sitk.ReadImage(sys.argv[1], sitk.sitkFloat32)
mask = sitk.ReadImage(sys.argv[2], sitk.sitkUInt8)
shrink = [int(sys.argv[3])] * 3
corrector = sitk.N4BiasFieldCorrectionImageFilter()
corrector.Execute(sitk.Shrink(image, shrink), sitk.Shrink(mask, shrink))
sitk.WriteImage(sitk.Exp(corrector.GetLogBiasFieldAsImage(image)), sys.argv[4])
