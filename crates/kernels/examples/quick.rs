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
fn elementwise(level: Level) {
    let (c, v) = (16, 64 * 64 * 64);
    let x: Vec<f32> = (0..c * v).map(|i| (i % 171) as f32 * 0.01 - 0.8).collect();
    let dy = x.clone();
    let mut y = vec![0.0; x.len()];
    let mut dx = vec![0.0; x.len()];
    let gb = x.len() as f64 * 4e-9;
    let t = time(|| y.copy_from_slice(&x));
    println!("copy {:.2} ms {:.1} GB/s", t * 1e3, 2.0 * gb / t);
    for a in [
        Activation::None,
        Activation::Relu,
        Activation::Elu,
        Activation::Gelu,
    ] {
        let t = time(|| a.forward(level, &x, &mut y).unwrap());
        let b = time(|| a.backward(level, &x, &dy, &mut dx).unwrap());
        let n = Norm {
            batch: 1,
            channels: c,
            voxels: v,
            over: Over::Groups(c),
            epsilon: 1e-5,
            activation: a,
        };
        let m = n.statistics(level, &x).unwrap();
        let g = vec![1.0; c];
        let s = time(|| drop(n.statistics(level, &x).unwrap()));
        let f = time(|| n.forward(level, &x, &m, [&g, &g], &mut y).unwrap());
        let (mut p, mut q) = (g.clone(), g.clone());
        let w = time(|| {
            n.backward(
                level,
                &x,
                &dy,
                &m,
                [&g, &g],
                NormGradients {
                    x: &mut dx,
                    gamma: &mut p,
                    beta: &mut q,
                },
            )
            .unwrap()
        });
        println!(
            "{a:?}: fwd {:.2} bwd {:.2} | norm stats {:.2} fwd {:.2} bwd {:.2} ms",
            t * 1e3,
            b * 1e3,
            s * 1e3,
            f * 1e3,
            w * 1e3
        );
    }
    let p = MaxPool {
        planes: c,
        size: [64; 3],
        window: [2; 3],
    };
    let mut small = vec![0.0; x.len() / 8];
    let f = time(|| p.forward(&x, &mut small).unwrap());
    let b = time(|| p.backward(&x, &small, &mut dx).unwrap());
    println!("pool fwd {:.2} bwd {:.2}", f * 1e3, b * 1e3);
    for mode in [UpsampleMode::Nearest, UpsampleMode::Linear] {
        let u = Upsample {
            planes: c,
            size: [32; 3],
            to: [64; 3],
            mode,
        };
        let f = time(|| u.forward(&small, &mut y).unwrap());
        let b = time(|| u.backward(&y, &mut small).unwrap());
        println!("{mode:?} fwd {:.2} bwd {:.2}", f * 1e3, b * 1e3);
    }
}
fn main() {
    if std::env::args().count() > 1 {
        return elementwise(Level::detected());
    }
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
