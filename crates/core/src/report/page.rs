//! `report.html`: one file that needs nothing else.

use super::RESEARCH_USE;
use super::document::{Findings, Quality};
use super::forms::{INTERVAL_MEANING, NO_INTERVAL, cautions, forms};
use super::picture::{Plane, View, Window, picture};
use crate::forms::{
    Certainty, Forms, MarsCounts, Pattern, ROUND_MOST, SMALLEST_DEFINITE_MM, Sides,
};
use crate::lesion::{Counts, Lesion, NoRegion};
use crate::preprocess::percentiles;
use crate::regions::Region;
use crate::scan::Acquisition;
use crate::volume::VoxelPoint;
use minijinja::{Environment, Value, context};

const TEMPLATE: &str = include_str!("report.html.jinja");
/// Half the edge of a lesion's pictures.
const HALF_MM: f64 = 20.0;
/// Pictures are made for this many lesions; the table holds all.
const PICTURED: usize = 300;

/// The page as a string.
pub(super) fn render(findings: &Findings) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.add_template("report.html", TEMPLATE)?;
    let scan = &findings.scan.magnitude;
    let window = window(findings);
    let close = View {
        scan,
        window,
        half_mm: Some(HALF_MM),
        bar_mm: 10.0,
        heat: None,
    };
    let warm = findings.maps.heat.map(|heat| View {
        heat: Some(heat),
        ..close
    });
    let lesions: Vec<Value> = findings
        .lesions
        .iter()
        .enumerate()
        .map(|(rank, lesion)| {
            let certainty = Certainty::of(lesion, scan.grid(), findings.method.certain_from);
            lesion_value(&close, warm.as_ref(), lesion, certainty, rank < PICTURED)
        })
        .collect();
    let [nx, ny, nz] = scan.shape();
    let [dx, dy, dz] = scan.grid().spacing_mm();
    let counts = Counts::of(findings.lesions);
    environment.get_template("report.html")?.render(context! {
        name => findings.scan.name.clone(),
        version => env!("CARGO_PKG_VERSION"),
        research_use => RESEARCH_USE,
        counts => context! {
            microbleeds => counts.microbleeds,
            macrohaemorrhages => counts.macrohaemorrhages,
            burden_group => counts.burden_group.to_string(),
        },
        suitability => context! {
            verdict => findings.suitability.verdict.to_string(),
            reasons => findings.suitability.reasons.clone(),
        },
        warnings => findings.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        quality => quality_in_words(&findings.quality),
        acquisition => acquisition_rows(&findings.scan.acquisition),
        grid => format!("{nx}×{ny}×{nz} voxels of {dx:.2}×{dy:.2}×{dz:.2} mm, axes {}", scan.grid().axis_codes()),
        method => context! {
            name => findings.method.name.clone(),
            version => findings.method.version.clone(),
            threshold => threshold_in_words(findings.method.threshold),
            operating_point => findings.method.operating_point,
            confidence_meaning => findings.method.confidence_meaning.clone(),
        },
        preprocessing => findings
            .preprocessing
            .iter()
            .map(|step| context! { name => step.name.clone(), settings => step.settings.clone() })
            .collect::<Vec<_>>(),
        candidates => findings.candidates.count(),
        dropped => findings.candidates.dropped(),
        overview => overview(findings, window),
        lesions => lesions,
        forms => forms_value(findings),
        interval => interval_in_words(findings),
        pictured => PICTURED,
        heat => findings.maps.heat.is_some(),
        no_regions => findings.lesions.iter().any(|lesion| lesion.place == Err(NoRegion::NoMap)),
    })
}

/// `warm` is the view with heat, of which the axial plane is shown.
fn lesion_value(
    view: &View,
    warm: Option<&View>,
    lesion: &Lesion,
    certainty: Certainty,
    pictured: bool,
) -> Value {
    let [x, y, z] = lesion.center_world.to_array();
    let pictures: Vec<Value> = if pictured {
        let center = nearest_voxel(view, lesion.center_voxel);
        let marked = |offset: usize| lesion.voxels.binary_search(&offset).is_ok();
        let label = format!("lesion {}", lesion.id);
        let one = |view: &View, plane: Plane, name: String| {
            let svg = picture(view, plane, center, &marked, &label);
            context! { plane => name, svg => Value::from_safe_string(svg) }
        };
        let planes = Plane::ALL.iter().map(|&p| one(view, p, p.name().into()));
        let heat = warm.map(|warm| {
            let name = "axial, where the network looked (Grad-CAM)";
            one(warm, Plane::Axial, name.into())
        });
        planes.chain(heat).collect()
    } else {
        Vec::new()
    };
    context! {
        id => lesion.id,
        x => format!("{x:.1}"),
        y => format!("{y:.1}"),
        z => format!("{z:.1}"),
        diameter => format!("{:.1}", lesion.diameter_mm),
        volume => format!("{:.1}", lesion.volume_mm3),
        confidence => format!("{:.2}", lesion.confidence),
        size_class => lesion.size_class.name(),
        certainty => certainty.name(),
        region => region_in_words(lesion),
        pictures => pictures,
    }
}

/// Such as "left basal ganglia", "right frontal or parietal".
fn region_in_words(lesion: &Lesion) -> Option<String> {
    let place = lesion.place.ok()?;
    let name = |region: Region| region.name().replace('_', " ");
    let side = if place.is_midline {
        "midline"
    } else {
        place.side.name()
    };
    let or = place
        .or_region
        .map_or(String::new(), |region| format!(" or {}", name(region)));
    Some(format!("{side} {}{or}", name(place.region)))
}

/// Both forms as tables, or why there are none.
fn forms_value(findings: &Findings) -> Value {
    let cautions = cautions(findings);
    match forms(findings) {
        Ok(filled) => context! {
            mars => mars_rows(&filled),
            bombs => bombs_rows(&filled),
            pattern => pattern_in_words(filled.mars.pattern()),
            cautions => cautions,
            certain_from => threshold_in_words(filled.certain_from),
            smallest => SMALLEST_DEFINITE_MM,
            round => ROUND_MOST,
        },
        Err(reason) => context! { not_filled => reason.reason(), cautions => cautions },
    }
}

/// Left, right and unclear, empty for none.
fn cells(sides: Sides) -> [String; 3] {
    let cell = |count: usize| {
        if count > 0 {
            count.to_string()
        } else {
            String::new()
        }
    };
    [cell(sides.left), cell(sides.right), cell(sides.unclear)]
}

/// Rows of name, kind of row, and definite and possible ones by side; a subtotal after each group.
fn mars_rows(forms: &Forms) -> Vec<Value> {
    let row = |name: String, kind: &str, counts: MarsCounts| {
        let cells: Vec<String> = [counts.definite, counts.possible]
            .into_iter()
            .flat_map(cells)
            .collect();
        context! { name => name, kind => kind, cells => cells, total => counts.total() }
    };
    let mut rows = Vec::new();
    for subtotal in forms.mars.subtotals() {
        for line in forms
            .mars
            .lines
            .iter()
            .filter(|line| line.group == subtotal.group)
        {
            let name = match (line.region, line.group) {
                (Some(region), _) => region.name().replace('_', " "),
                (None, Some(_)) => "on the border of two of these".into(),
                (None, None) => "on the border of two groups, or in no region".into(),
            };
            rows.push(row(name, "line", line.counts));
        }
        if let Some(group) = subtotal.group {
            rows.push(row(group.name().into(), "subtotal", subtotal.counts));
        }
    }
    rows.push(row("total".into(), "subtotal", forms.mars.total()));
    rows
}

/// Rows of name, and certain and uncertain ones by size and side.
fn bombs_rows(forms: &Forms) -> Vec<Value> {
    let lines = forms.bombs.lines.iter();
    lines
        .map(|line| {
            let name = line
                .location
                .map_or("not clear which", |location| location.in_words());
            let columns = [
                line.certain_small,
                line.certain_large,
                line.uncertain_small,
                line.uncertain_large,
            ];
            let cells: Vec<String> = columns.into_iter().flat_map(cells).collect();
            context! { name => name, cells => cells }
        })
        .collect()
}

fn pattern_in_words(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::None => "no microbleeds",
        Pattern::StrictlyLobar => "strictly lobar (suggests cerebral amyloid angiopathy)",
        Pattern::StrictlyDeepOrInfratentorial => {
            "strictly deep or infratentorial (suggests hypertensive arteriopathy)"
        }
        Pattern::Mixed => "mixed",
        Pattern::Undetermined => "not determined: some may lie in the lobes or not",
    }
}

/// Such as "2 to 6", and what that means.
fn interval_in_words(findings: &Findings) -> Value {
    match findings.interval {
        Some(interval) => context! {
            range => format!("{} to {}", interval.low, interval.high),
            expected => format!("{:.1}", interval.expected),
            meaning => INTERVAL_MEANING,
        },
        None => context! { meaning => NO_INTERVAL },
    }
}

fn nearest_voxel(view: &View, point: VoxelPoint) -> [usize; 3] {
    let shape = view.scan.shape();
    let at = point.to_array();
    std::array::from_fn(|a| (at[a].round().max(0.0) as usize).min(shape[a] - 1))
}

/// Whole slices through the middle of the brain with the mask's border.
fn overview(findings: &Findings, window: Window) -> Vec<Value> {
    let view = View {
        scan: &findings.scan.magnitude,
        window,
        half_mm: None,
        bar_mm: 50.0,
        heat: None,
    };
    let grid = findings.brain.grid();
    let (mut count, mut sum) = (0usize, [0usize; 3]);
    for (offset, &inside) in findings.brain.voxels().iter().enumerate() {
        if inside {
            count += 1;
            for (total, at) in sum.iter_mut().zip(grid.index(offset)) {
                *total += at;
            }
        }
    }
    let center = sum.map(|total| total / count.max(1));
    let marked = |offset: usize| findings.brain.voxels()[offset];
    Plane::ALL
        .iter()
        .map(|&plane| {
            let svg = picture(&view, plane, center, &marked, "brain mask");
            context! { plane => plane.name(), svg => Value::from_safe_string(svg) }
        })
        .collect()
}

/// From black air to just above the brightest tissue.
fn window(findings: &Findings) -> Window {
    let scan = &findings.scan.magnitude;
    percentiles(scan, findings.brain, 0.0, 99.5).map_or(
        Window {
            black: 0.0,
            white: 1.0,
        },
        |p| Window {
            black: p.low.min(0.0),
            white: p.high * 1.1,
        },
    )
}

/// Two decimals, and more for one that they would round to 1.
fn threshold_in_words(threshold: f32) -> String {
    if threshold > 0.99 {
        threshold.to_string()
    } else {
        format!("{threshold:.2}")
    }
}

fn quality_in_words(quality: &Quality) -> String {
    let mut words = format!("brain {:.0} ml", quality.brain_ml);
    if let Some(noise) = quality.noise {
        words += &format!("; noise up to {:.1} % of its signal", 100.0 * noise);
    }
    if let Some(ratio) = quality.fluid_to_tissue {
        words += &format!("; fluid {ratio:.2} times as bright as tissue");
    }
    words
}

/// What is known of the acquisition, as label, value and origin.
fn acquisition_rows(a: &Acquisition) -> Vec<[String; 3]> {
    let number = |label: &str, known: &Option<crate::scan::Known<f64>>, unit: &str| {
        known.as_ref().map(|k| {
            [
                label.to_string(),
                format!("{} {unit}", trimmed(k.value)),
                k.origin.to_string(),
            ]
        })
    };
    let text = |label: &str, known: &Option<crate::scan::Known<String>>| {
        known
            .as_ref()
            .map(|k| [label.to_string(), k.value.clone(), k.origin.to_string()])
    };
    let said = |label: &str, value: Option<(String, String)>| {
        value.map(|(value, origin)| [label.to_string(), value, origin])
    };
    [
        said(
            "Sequence",
            a.sequence
                .as_ref()
                .map(|k| (k.value.to_string(), k.origin.to_string())),
        ),
        said(
            "Image",
            a.component
                .as_ref()
                .map(|k| (k.value.to_string(), k.origin.to_string())),
        ),
        number("Field strength", &a.field_strength_t, "T"),
        number("Echo time", &a.te_ms, "ms"),
        number("Repetition time", &a.tr_ms, "ms"),
        number("Flip angle", &a.flip_angle_deg, "°"),
        number("Slice thickness", &a.slice_thickness_mm, "mm"),
        text("Vendor", &a.vendor),
        text("Model", &a.model),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Up to three decimals, without trailing zeros.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
