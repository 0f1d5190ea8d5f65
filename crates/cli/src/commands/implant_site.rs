//! A scan that microbleeds are put into: what it was made with, and where there is room.

use crate::args::{EncodingName, Site};
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use siderin_core::regions::Region;
use siderin_image::scan::{
    BidsName, Given, Input, Known, ReadLimits, Scan, Sequence, phase_in_rad, read_scan,
    read_single_volume, words,
};
use siderin_image::volume::{SAME_GRID_MM, Volume};
use siderin_net::compute::Compute;
use siderin_net::{RegionFinder, default_regions};
use siderin_simulate::Encoding;
use siderin_simulate::implant::{ImplantRoom, ImplantScanner};

/// Slices that are farther apart are taken to be excited one by one.
const SLICES_FROM_MM: f64 = 2.0;

/// What was said of the scans: figures of others are not mixed with these.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SiteAsked {
    b0_t: Option<f64>,
    te_ms: Option<f64>,
    encoding: Option<Encoding>,
    masked: bool,
    weighted: Option<bool>,
    volume: Option<u16>,
}

impl SiteAsked {
    pub(super) fn of(site: &Site) -> Self {
        Self {
            b0_t: site.b0,
            te_ms: site.te,
            encoding: site.encoding.map(EncodingName::encoding),
            masked: site.mask.is_some(),
            weighted: site.weighted,
            volume: site.volume,
        }
    }
}

/// The room of a scan, and what it was made with.
pub(super) struct Prepared {
    pub(super) scan: Scan,
    pub(super) phase: Option<Volume<f32>>,
    pub(super) scanner: ImplantScanner,
    pub(super) room: ImplantRoom,
    pub(super) regions: Option<Volume<u8>>,
}

pub(super) fn prepare(
    site: &Site,
    input: &Input,
    finder: &mut Option<RegionFinder>,
    progress: &Progress,
) -> Result<Prepared> {
    let given = Given {
        phase: site.phase.as_deref(),
        volume: site.volume.map(usize::from),
        ..Given::default()
    };
    let scan = read_scan(input, &given, ReadLimits::default())?;
    for note in &scan.notes {
        progress.warn(&input.stem, &note.to_string());
    }
    let scanner = scanner(site, input, &scan)?;
    if scanner.weighted && site.phase.is_some() {
        bail!(
            "implanting: a weighted image takes no --phase; leave it out, or give --weighted false"
        );
    }
    let grid = scan.magnitude.grid();
    let (parenchyma, regions) = match &site.mask {
        Some(path) => {
            let (_, mask) =
                read_single_volume(path, ReadLimits::default()).context("reading the mask")?;
            if !mask.grid().matches(grid, SAME_GRID_MM) {
                bail!(
                    "reading the mask: it lies on another grid than the scan; give one on the scan's own"
                );
            }
            (mask.map(|value| value > 0.0), None)
        }
        None => {
            let finder = match finder {
                Some(finder) => finder,
                none => {
                    let compute = Compute::cpu();
                    let network = default_regions(compute.device())?;
                    none.insert(RegionFinder::new(network, &compute)?)
                }
            };
            let codes = finder.find(&scan.magnitude)?.on(grid)?.codes;
            let parenchyma = codes.map(|code| Region::of_code(code).is_some());
            (parenchyma, Some(codes))
        }
    };
    let phase = scan.phase.as_ref().filter(|_| !scanner.weighted);
    let phase = phase.map(|phase| phase_in_rad(phase).into_owned());
    Ok(Prepared {
        room: ImplantRoom::of(&scan.magnitude, parenchyma, regions.clone())?,
        regions,
        scanner,
        phase,
        scan,
    })
}

/// What the scan was made with: as it says, or as it is said; never guessed.
fn scanner(site: &Site, input: &Input, scan: &Scan) -> Result<ImplantScanner> {
    let known = &scan.acquisition;
    let value = |fact: &Option<Known<f64>>| fact.as_ref().map(|k| k.value);
    let b0_t = site.b0.or(value(&known.field_strength_t)).context(
        "implanting: the scan does not say at which field it was made; give --b0 in tesla",
    )?;
    let te_ms = site
        .te
        .or(value(&known.te_ms))
        .context("implanting: the scan does not say its echo time; give --te in ms")?;
    let grid = scan.magnitude.grid();
    let spacing = grid.spacing_mm()[grid.slice_axis()];
    let encoding = site.encoding.map_or(
        if spacing >= SLICES_FROM_MM {
            Encoding::Slices
        } else {
            Encoding::Slab
        },
        EncodingName::encoding,
    );
    let thickness = value(&known.slice_thickness_mm).unwrap_or(spacing);
    let excitation = value(&known.tr_ms).zip(value(&known.flip_angle_deg));
    Ok(ImplantScanner {
        b0_t,
        te_ms,
        excitation: excitation.map(|(tr, flip)| [tr, flip]),
        encoding,
        gap: (1.0 - thickness / spacing).clamp(0.0, 0.8),
        weighted: site.weighted.unwrap_or_else(|| is_weighted(input, scan)),
    })
}

/// Whether a phase mask went into the image: BIDS tells by the suffix; elsewhere an SWI protocol may have left a plain
/// magnitude, which has a phase beside it or says what it is.
fn is_weighted(input: &Input, scan: &Scan) -> bool {
    if let Some(name) = BidsName::of(&input.path) {
        return name.suffix.eq_ignore_ascii_case("swi") && name.entity("part").is_none();
    }
    let said = scan.acquisition.series_description.as_ref();
    let name = said.map_or(&*input.stem, |known| &*known.value);
    let plain = words(name)
        .iter()
        .any(|word| ["mag", "magnitude", "betrag"].contains(&word.as_str()));
    scan.acquisition.sequence() == Sequence::Swi && scan.phase.is_none() && !plain
}
