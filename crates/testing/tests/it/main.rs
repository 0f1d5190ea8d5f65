//! Integration tests that need simulated images of what they test.
#![allow(clippy::unwrap_used, clippy::panic)] // Tests state what they expect.

mod preprocess_oracle;
mod registration;
