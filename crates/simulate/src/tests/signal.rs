//! Decay and noise, with the field switched off.

use super::{plain_person, protocol, straight_visit};
use crate::head::{Tissue, tissue_of};
use crate::{Exam, Images};
use siderin_image::preprocess::erode_mm;
use siderin_image::volume::resample_nearest;

#[test]
fn two_echoes_give_back_the_decay_of_each_tissue() {
    let person = plain_person();
    let visits = [12.0, 30.0].map(|te| straight_visit(protocol(te, [1.0, 1.0, 2.0]), 30.0));
    let [early, late] = visits.map(|visit| Exam::without_field(&person, &visit).unwrap());
    let signal = |exam: &Exam| exam.scan(&[]).with.map(|v| v.norm());
    let (first, second) = (signal(&early), signal(&late));
    let head_from_world = early.place().world_from_head.inverse().to_homogeneous();
    let labels = resample_nearest(person.labels(), early.grid(), &head_from_world, 0).unwrap();
    for tissue in [
        Tissue::White,
        Tissue::Ventricle,
        Tissue::Pallidum,
        Tissue::Thalamus,
    ] {
        // Away from other tissues, whose signal the point spread mixes in.
        let inside = erode_mm(&labels.map(|code| tissue_of(code) == tissue), 2.5);
        let (mut sum, mut count) = (0.0, 0usize);
        for (offset, _) in inside.voxels().iter().enumerate().filter(|&(_, &m)| m) {
            let ratio = f64::from(first.voxels()[offset] / second.voxels()[offset]);
            sum += ratio.ln() / 0.018;
            count += 1;
        }
        assert!(count >= 20, "{tissue:?}: {count} voxels");
        let found = sum / count as f64;
        let expected = tissue.constants().r2star_per_s;
        assert!(
            (found / expected - 1.0).abs() < 0.03,
            "{tissue:?}: R2* {found:.2} against {expected:.2} per s"
        );
    }
}

#[test]
fn noise_is_as_asked_and_rician() {
    let person = plain_person();
    const SNR: f64 = 20.0;
    let visit = straight_visit(protocol(12.0, [2.0, 2.0, 4.0]), SNR);
    let exam = Exam::without_field(&person, &visit).unwrap();
    let clean = exam.scan(&[]).with;
    let Images { magnitude, .. } = exam.images(clean.clone());
    // White matter is 600 in the images.
    let deviation = 600.0 / SNR;
    let gain = 600.0 / exam.white_signal;
    let mean_of = |chosen: &dyn Fn(f64) -> bool, value: &dyn Fn(usize) -> f64| {
        let picked: Vec<f64> = (0..magnitude.voxels().len())
            .filter(|&o| chosen(f64::from(clean.voxels()[o].norm()) * gain))
            .map(value)
            .collect();
        assert!(picked.len() > 1000);
        picked.iter().sum::<f64>() / picked.len() as f64
    };
    let measured = |o: usize| f64::from(magnitude.voxels()[o]);
    // Without signal a magnitude is Rayleigh: mean σ√(π/2), mean square 2σ².
    let air = |s: f64| s < 1e-3;
    let floor = mean_of(&air, &measured);
    assert!(
        (floor / (deviation * 1.253_314) - 1.0).abs() < 0.02,
        "{floor}"
    );
    let square = mean_of(&air, &|o| measured(o).powi(2));
    assert!(
        (square / (2.0 * deviation * deviation) - 1.0).abs() < 0.03,
        "{square}"
    );
    // With much signal it is normal with σ around √(A² + σ²).
    let tissue = |s: f64| s > 400.0;
    let error = |o: usize| {
        let signal = f64::from(clean.voxels()[o].norm()) * gain;
        measured(o) - signal.hypot(deviation)
    };
    let bias = mean_of(&tissue, &error);
    let spread = mean_of(&tissue, &|o| error(o).powi(2)).sqrt();
    assert!(bias.abs() < 0.05 * deviation, "{bias}");
    assert!((spread / deviation - 1.0).abs() < 0.03, "{spread}");
}
