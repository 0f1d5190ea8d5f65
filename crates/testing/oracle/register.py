"""Reference registration for tests/registration_oracle.rs by SimpleITK.

register.py MOVING FIXED prints the rigid transform from the fixed image's world to the moving
one's as four rows, RAS+ mm, as JSON.
"""
import json
import sys

import numpy
import SimpleITK as sitk

moving, fixed = (sitk.ReadImage(path, sitk.sitkFloat32) for path in sys.argv[1:3])
method = sitk.ImageRegistrationMethod()
method.SetMetricAsMattesMutualInformation(50)
# Every voxel and Powell's method: gradient descent, and samples, stop at poses of which this very
# metric says that they are worse, up to 2.5 mm away.
method.SetMetricSamplingStrategy(method.NONE)
method.SetInterpolator(sitk.sitkLinear)
method.SetOptimizerAsPowell(100, 100, 0.5, 1e-5, 1e-7)
method.SetOptimizerScalesFromPhysicalShift()
method.SetShrinkFactorsPerLevel([2, 1])
method.SetSmoothingSigmasPerLevel([2, 1])
method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
# Both images come from one session: the scanner's coordinates are close.
start = sitk.Euler3DTransform()
start.SetCenter(fixed.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in fixed.GetSize()]))
method.SetInitialTransform(start, inPlace=True)
method.Execute(fixed, moving)
matrix = numpy.eye(4)
matrix[:3, :3] = numpy.array(start.GetMatrix()).reshape(3, 3)
matrix[:3, 3] = start.TransformPoint((0, 0, 0))
flip = numpy.diag([-1, -1, 1, 1])
json.dump((flip @ matrix @ flip).tolist(), sys.stdout)
