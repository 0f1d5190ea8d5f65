#!/usr/bin/env bash
# What `siderin detect` finds on the real scans of the reference data, none of which shows a
# known microbleed, and how well its brain mask agrees with a given one.
#
#   benches/real_scans.sh     writes results/real-scans/table.csv and brain_mask.txt
set -euo pipefail
cd "$(dirname "$0")/.."
scans=../shared/scans
[ -d "$scans" ] || { echo "the reference data ../shared/scans is not here" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --release --quiet --bin siderin
siderin() { target/release/siderin detect --quiet --out "$work/$1" "${@:2}"; }
siderin philips-3t-epi-dicom "$scans/philips-3t-epi-t2star/dicom"
siderin siemens-3t-gre-dicom-te10 "$scans/siemens-3t-gre/dicom" --volume 1
siderin siemens-3t-gre-dicom-te12 "$scans/siemens-3t-gre/dicom" --volume 2
siderin siemens-3t-gre-nifti-te10 "$scans/siemens-3t-gre/8_gre_field_mapping_e1.nii"
siderin siemens-3t-gre-nifti-te12 "$scans/siemens-3t-gre/8_gre_field_mapping_e2.nii"

out=results/real-scans
columns=score,x_mm,y_mm,z_mm,diameter_mm,isolation,contrast,elongation,through,dark_share,depth_mm
python3 - "$work" "$columns" > "$out/table.csv" <<'PYTHON'
import csv, pathlib, sys
columns = sys.argv[2].split(",")
print(",".join(["scan", "findings", "lesion_id", *columns]))
for folder in sorted(pathlib.Path(sys.argv[1]).glob("*/*")):
    rows = list(csv.DictReader((folder / "candidates.csv").open()))
    found = [row for row in rows if row["lesion_id"]]
    for row in found or [dict.fromkeys(["lesion_id", *columns], "")]:
        values = [row["lesion_id"], *(row[column] for column in columns)]
        print(",".join([folder.parent.name, str(len(found)), *values]))
PYTHON
cargo test --quiet -p siderin-core --test real_scans brain_mask -- --nocapture 2>&1 |
  grep -ao "visit . [A-Z0-9]*: Dice [0-9.]*" | sort > "$out/brain_mask.txt"
cat "$out/table.csv" "$out/brain_mask.txt"
