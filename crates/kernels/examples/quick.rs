#![allow(clippy::all, clippy::print_stdout, missing_docs)]
use siderin_kernels::*;
use std::time::Instant;
fn time(mut f: impl FnMut()) -> f64 {
    f();
    let mut t: Vec<f64> = (0..15)
        .map(|_| {
            let a = Instant::now();
            f();
            a.elapsed().as_secs_f64()
        })
        .collect();
    t.sort_by(f64::total_cmp);
    t[0]
}
fn main() {
    let level = Level::detected();
    println!(
        "{level:?} threads {}",
        std::env::var("RAYON_NUM_THREADS").unwrap_or_default()
    );
    let mut cases: Vec<(String, Conv)> = [(32, 64), (16, 64), (64, 32), (128, 16), (256, 8)]
        .iter()
        .map(|&(c, s)| {
            (
                format!("conv3d {c} {s}"),
                Conv::same(1, [c, c], [s; 3], [3; 3]),
            )
        })
        .collect();
    cases.push((
        "dw13".into(),
        Conv {
            groups: 64,
            ..Conv::same(1, [64, 64], [1, 256, 256], [1, 13, 13])
        },
    ));
    cases.push((
        "dw3".into(),
        Conv {
            groups: 64,
            ..Conv::same(1, [64, 64], [1, 256, 256], [1, 3, 3])
        },
    ));
    cases.push(("1x1 32 16".into(), Conv::same(1, [32, 16], [64; 3], [1; 3])));
    cases.push(("1->16".into(), Conv::same(1, [1, 16], [64; 3], [3; 3])));
    cases.push((
        "up 32 16".into(),
        Conv {
            stride: [2; 3],
            padding: [[0; 2]; 3],
            ..Conv::same(1, [16, 32], [64; 3], [2; 3])
        },
    ));
    cases.push((
        "2d 64 256".into(),
        Conv::same(1, [64, 64], [1, 256, 256], [1, 3, 3]),
    ));
    for (name, c) in cases {
        let x: Vec<f32> = (0..c.input_length())
            .map(|i| (i % 17) as f32 * 0.1)
            .collect();
        let w: Vec<f32> = (0..c.weight_length())
            .map(|i| (i % 13) as f32 * 0.01)
            .collect();
        let mut y = vec![0.0; c.output_length().unwrap()];
        let mut dx = vec![0.0; x.len()];
        let mut dw = vec![0.0; w.len()];
        let gf = 2.0 * c.multiply_adds().unwrap() as f64 / 1e9;
        let peak = (0..5).map(|_| level.peak_flops() / 1e9).fold(0.0, f64::max);
        let a = time(|| {
            c.forward(level, &x, &w, &Finish::default(), &mut y)
                .unwrap()
        });
        let b = time(|| {
            c.input_gradient(level, &y, &w, &Finish::default(), &mut dx)
                .unwrap()
        });
        let d = time(|| c.weight_gradient(level, &x, &y, &mut dw).unwrap());
        println!(
            "{name:12} peak {peak:.0} {:.2} {:.2} {:.2} fwd {:.2} ms {:.0} | dx {:.2} ms {:.0} | dw {:.2} ms {:.0} GF/s",
            gf / a / peak,
            gf / b / peak,
            gf / d / peak,
            a * 1e3,
            gf / a,
            b * 1e3,
            gf / b,
            d * 1e3,
            gf / d
        );
    }
}
