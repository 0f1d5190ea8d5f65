//! How a scan is made: the numbers a technician sets.

use serde::{Deserialize, Serialize};
use siderin_image::settings::settings;

/// Slices one by one, or a slab encoded in three directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Encoding {
    #[serde(rename = "2d")]
    Slices,
    #[serde(rename = "3d")]
    Slab,
}

/// A protocol: a named one ([`Protocol::named`]) or one from a TOML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Its name.
    pub name: String,
    /// Field strength in T.
    pub b0_t: f64,
    /// Echo time in ms.
    pub te_ms: f64,
    /// Repetition time in ms.
    pub tr_ms: f64,
    /// Flip angle in degrees.
    pub flip_angle_deg: f64,
    /// Voxel size in mm: in the plane, in the plane, distance of slices.
    pub voxel_mm: [f64; 3],
    /// Voxel size as acquired in mm, where the image is interpolated to `voxel_mm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquired_mm: Option<[f64; 3]>,
    /// 2D or 3D.
    pub encoding: Encoding,
    /// Whether a susceptibility-weighted image is made.
    #[serde(default)]
    pub swi: bool,
}

/// A protocol that no scanner could run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ProtocolError {
    #[error("protocol: {name:?} is not known; give the name of a TOML file or one of {known}")]
    Unknown { name: String, known: String },
    #[error("protocol: the file cannot be read as one: {reason}")]
    Unreadable { reason: String },
    #[error(
        "protocol: the echo (TE {te_ms} ms) comes after the next pulse (TR {tr_ms} ms); TE must be \
         above 0 and below TR"
    )]
    EchoAfterPulse { te_ms: f64, tr_ms: f64 },
    #[error("protocol: {what} is {value}; it must be {expected}")]
    OutOfRange {
        what: &'static str,
        value: f64,
        expected: &'static str,
    },
    #[error(
        "protocol: {what} is {value_mm} mm; acquired voxels cannot be finer than the image's, nor \
         more than three times as large"
    )]
    Acquired { what: &'static str, value_mm: f64 },
}

/// Name, T, TE, TR, flip angle, voxel, encoding, SWI of the named protocols.
type Row = (&'static str, f64, f64, f64, f64, [f64; 3], Encoding, bool);

/// TE and voxels are those of published microbleed studies; TR and flip angle, where a paper
/// is silent, are usual for the sequence.
const NAMED: [Row; 10] = [
    (
        "3t-gre-0.45x3",
        3.0,
        21.0,
        650.0,
        20.0,
        [0.45, 0.45, 3.0],
        Encoding::Slices,
        false,
    ),
    (
        "1.5t-gre-0.5x0.8",
        1.5,
        31.0,
        45.0,
        13.0,
        [0.5, 0.5, 0.8],
        Encoding::Slab,
        false,
    ),
    (
        "3t-gre-1x3",
        3.0,
        23.0,
        700.0,
        20.0,
        [1.0, 1.0, 3.0],
        Encoding::Slices,
        false,
    ),
    (
        "3t-swi-0.45x1",
        3.0,
        20.0,
        28.0,
        15.0,
        [0.45, 0.45, 1.0],
        Encoding::Slab,
        true,
    ),
    (
        "3t-swi-0.45x1-interpolated",
        3.0,
        9.8,
        28.0,
        15.0,
        [0.45, 0.45, 1.0],
        Encoding::Slab,
        true,
    ),
    (
        "3t-gre-0.85x5",
        3.0,
        20.0,
        700.0,
        20.0,
        [0.85, 0.85, 5.0],
        Encoding::Slices,
        false,
    ),
    (
        "3t-gre-0.43x6.5",
        3.0,
        16.0,
        600.0,
        20.0,
        [0.43, 0.43, 6.5],
        Encoding::Slices,
        false,
    ),
    (
        "1.5t-swi-0.9x2.5",
        1.5,
        40.0,
        49.0,
        15.0,
        [0.9, 0.9, 2.5],
        Encoding::Slab,
        true,
    ),
    (
        "1.5t-gre-0.5x5",
        1.5,
        23.0,
        700.0,
        20.0,
        [0.5, 0.5, 5.0],
        Encoding::Slices,
        false,
    ),
    (
        "7t-gre-0.3x0.8",
        7.0,
        15.0,
        28.0,
        12.0,
        [0.3, 0.3, 0.8],
        Encoding::Slab,
        false,
    ),
];

impl Protocol {
    /// The names there are.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        NAMED.iter().map(|row| row.0).collect()
    }

    /// A protocol by name.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self, ProtocolError> {
        let row = NAMED.iter().find(|row| row.0 == name);
        let &(name, b0_t, te_ms, tr_ms, flip_angle_deg, voxel_mm, encoding, swi) =
            row.ok_or_else(|| ProtocolError::Unknown {
                name: name.to_string(),
                known: Self::names().join(", "),
            })?;
        let interpolated = name.ends_with("-interpolated");
        Ok(Self {
            name: name.to_string(),
            b0_t,
            te_ms,
            tr_ms,
            flip_angle_deg,
            voxel_mm,
            acquired_mm: interpolated.then_some([0.6, 0.6, 2.0]),
            encoding,
            swi,
        })
    }

    /// A protocol from the text of a TOML file.
    ///
    /// # Errors
    /// When it is no protocol, or an impossible one.
    pub fn from_toml(text: &str) -> Result<Self, ProtocolError> {
        let protocol: Self =
            settings(text).map_err(|reason| ProtocolError::Unreadable { reason })?;
        protocol.check()?;
        Ok(protocol)
    }

    /// Voxel size as acquired, in mm.
    #[must_use]
    pub fn acquired_mm(&self) -> [f64; 3] {
        self.acquired_mm.unwrap_or(self.voxel_mm)
    }

    /// Whether a scanner could run it and this program simulate it.
    ///
    /// # Errors
    /// With the number that is out of range.
    pub fn check(&self) -> Result<(), ProtocolError> {
        let within = |what, value: f64, low: f64, high: f64, expected| {
            if value.is_finite() && (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(ProtocolError::OutOfRange {
                    what,
                    value,
                    expected,
                })
            }
        };
        within("b0_t", self.b0_t, 0.2, 14.0, "a field of 0.2 to 14 T")?;
        within("tr_ms", self.tr_ms, 1.0, 20_000.0, "1 to 20000 ms")?;
        if !(self.te_ms > 0.0 && self.te_ms < self.tr_ms) {
            return Err(ProtocolError::EchoAfterPulse {
                te_ms: self.te_ms,
                tr_ms: self.tr_ms,
            });
        }
        within("te_ms", self.te_ms, 0.5, 120.0, "0.5 to 120 ms")?;
        within(
            "flip_angle_deg",
            self.flip_angle_deg,
            1.0,
            90.0,
            "1 to 90 degrees",
        )?;
        for (what, size) in ["voxel_mm[0]", "voxel_mm[1]"]
            .into_iter()
            .zip(self.voxel_mm)
        {
            within(what, size, 0.2, 4.0, "0.2 to 4 mm in the plane")?;
        }
        within(
            "voxel_mm[2]",
            self.voxel_mm[2],
            0.2,
            10.0,
            "0.2 to 10 mm between slices",
        )?;
        let names = ["acquired_mm[0]", "acquired_mm[1]", "acquired_mm[2]"];
        for ((what, acquired), size) in names.into_iter().zip(self.acquired_mm()).zip(self.voxel_mm)
        {
            if !(acquired >= size * 0.999 && acquired <= size * 3.0) {
                return Err(ProtocolError::Acquired {
                    what,
                    value_mm: acquired,
                });
            }
        }
        if self.encoding == Encoding::Slices && self.acquired_mm()[2] != self.voxel_mm[2] {
            return Err(ProtocolError::Acquired {
                what: "acquired_mm[2] of a 2D protocol (slices are not interpolated)",
                value_mm: self.acquired_mm()[2],
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_ones_can_be_run_and_written() {
        for name in Protocol::names() {
            let protocol = Protocol::named(name).unwrap();
            protocol.check().unwrap();
            let text = toml::to_string(&protocol).unwrap();
            assert_eq!(Protocol::from_toml(&text).unwrap(), protocol);
        }
    }

    #[test]
    fn impossible_ones_are_refused() {
        let good = Protocol::named("3t-gre-1x3").unwrap();
        let late = Protocol {
            te_ms: 700.0,
            ..good.clone()
        };
        assert!(matches!(
            late.check(),
            Err(ProtocolError::EchoAfterPulse { .. })
        ));
        let flat = Protocol {
            voxel_mm: [1.0, 0.0, 3.0],
            ..good.clone()
        };
        assert!(matches!(
            flat.check(),
            Err(ProtocolError::OutOfRange {
                what: "voxel_mm[1]",
                ..
            })
        ));
        let finer = Protocol {
            acquired_mm: Some([0.5, 1.0, 3.0]),
            ..good
        };
        assert!(matches!(finer.check(), Err(ProtocolError::Acquired { .. })));
        assert!(matches!(
            Protocol::from_toml("name = 'x'"),
            Err(ProtocolError::Unreadable { .. })
        ));
    }
}
