#!/usr/bin/env bash
# What the default model and the search by rules find on the real scans of the reference data, none of which shows
# a known microbleed, and how well the brain of both agrees with a given one.
#
#   reproduce/studies/real_scans.sh [SIDERIN]     writes results/real-scans/table.csv and brain_mask.txt
#
# Needs numpy, nibabel and SimpleITK.
set -euo pipefail
cd "$(dirname "$0")/../.."
scans=../shared/scans
[ -d "$scans" ] || { echo "the reference data ../shared/scans is not here" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
program=${1:-target/release/siderin}
[ -n "${1:-}" ] || cargo build --release --quiet --bin siderin
for method in default rules; do
  more=()
  [ "$method" = default ] || more=(--rules)
  find() { "$program" detect "${more[@]}" --quiet --out "$work/$method.$1" "${@:2}"; }
  find philips-3t-epi-dicom "$scans/philips-3t-epi-t2star/dicom"
  find siemens-3t-gre-dicom-te10 "$scans/siemens-3t-gre/dicom" --volume 1
  find siemens-3t-gre-dicom-te12 "$scans/siemens-3t-gre/dicom" --volume 2
  find siemens-3t-gre-nifti-te10 "$scans/siemens-3t-gre/8_gre_field_mapping_e1.nii"
  find siemens-3t-gre-nifti-te12 "$scans/siemens-3t-gre/8_gre_field_mapping_e2.nii"
done

out=results/real-scans
columns=score,x_mm,y_mm,z_mm,diameter_mm,isolation,contrast,elongation,through,dark_share,depth_mm
python3 - "$work" "$columns" > "$out/table.csv" <<'PYTHON'
import csv, pathlib, sys
columns = sys.argv[2].split(",")
print(",".join(["method", "scan", "findings", "lesion_id", *columns]))
for folder in sorted(pathlib.Path(sys.argv[1]).glob("*/*")):
    rows = list(csv.DictReader((folder / "candidates.csv").open()))
    found = [row for row in rows if row["lesion_id"]]
    for row in found or [dict.fromkeys(["lesion_id", *columns], "")]:
        values = [row["lesion_id"], *(row[column] for column in columns)]
        print(",".join([*folder.parent.name.split(".", 1), str(len(found)), *values]))
PYTHON
{
  cargo test --quiet -p siderin-core --test it brain_mask -- --nocapture 2>&1 |
    grep -ao "visit . [A-Z0-9]*: Dice [0-9.]*" | sort | sed 's/^/by rules, /'
  ms=$scans/ms-two-visits
  for visit in 1 2; do
    common=$ms/study${visit}_FLAIR_to_common_space.txt
    for image in FLAIR T1W; do
      steps=("$common")
      [ "$image" = FLAIR ] || steps+=("$ms/study${visit}_T1W_intrastudy_to_FLAIR.txt")
      python3 reproduce/studies/region_overlap.py brain "$ms/study${visit}_$image.nii.gz" \
        "$ms/brainmask_common_space.nii.gz" "${steps[@]}" --siderin "$program" | sed 's/^/default, /'
    done
  done
} > "$out/brain_mask.txt"
cat "$out/table.csv" "$out/brain_mask.txt"
