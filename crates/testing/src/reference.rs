//! Values that programs of other people computed, to compare with.

use safetensors::SafeTensors;
use std::path::PathBuf;

/// Largest difference that is allowed, relative to the largest value compared.
const TOLERANCE: f32 = 1e-4;

/// One file of values from PyTorch, which `crates/net/tests/reference/make.py` wrote.
pub struct Reference {
    name: String,
    bytes: Vec<u8>,
}

impl Reference {
    /// # Panics
    /// When there is no file of this name.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../net/tests/reference/values/{name}.safetensors"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            name: name.into(),
            bytes,
        }
    }

    /// What it is of.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The size of its network, as JSON.
    #[must_use]
    pub fn config(&self) -> String {
        let (_, header) = SafeTensors::read_metadata(&self.bytes).unwrap();
        header.metadata().as_ref().unwrap()["config"].clone()
    }

    /// Names of all tensors.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        tensors.names().into_iter().map(String::from).collect()
    }

    /// Shape and values, if the file has them.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = tensors.tensor(name).ok()?;
        Some((view.shape().to_vec(), reference_floats(view.data())))
    }

    /// Shape and values.
    ///
    /// # Panics
    /// When the file does not have them.
    #[must_use]
    pub fn values(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        self.find(name)
            .unwrap_or_else(|| panic!("{}: no {name}", self.name))
    }

    /// Compares values of this name and shape.
    ///
    /// # Panics
    /// When they differ.
    pub fn compare(&self, name: &str, shape: &[usize], found: &[f32]) {
        let (expected_shape, expected) = self.values(name);
        assert_eq!(shape, expected_shape, "{}: {name}", self.name);
        self.close(name, found, &expected, 1e-3);
    }

    /// Values below `negligible` are compared as if they were that large.
    ///
    /// # Panics
    /// When they differ.
    pub fn close(&self, name: &str, found: &[f32], expected: &[f32], negligible: f32) {
        let scale = expected.iter().fold(negligible, |m, v| m.max(v.abs()));
        let worst = found
            .iter()
            .zip(expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(
            worst <= TOLERANCE * scale && found.iter().all(|v| v.is_finite()),
            "{}: {name} differs by {worst} where values reach {scale}",
            self.name
        );
    }
}

/// Bytes as little-endian numbers.
#[must_use]
pub fn reference_floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}
