use super::{Failure, Outcome};
pub(crate) fn run(_: &crate::args::CompareMethods) -> Result<Outcome, Failure> {
    Ok(Outcome::Done)
}
