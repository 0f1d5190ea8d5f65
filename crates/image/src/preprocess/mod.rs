//! Steps between a scan and the search for lesions, each a function of its own.

mod brain_mask;
mod components;
mod distance;
mod gaussian;
mod head_view;
mod intensity;
mod morphology;
mod n4;
mod otsu;
mod recipe;

pub use brain_mask::{BrainMaskConfig, BrainMaskError, brain_mask};
pub use components::{Connectivity, connected_components, largest_component};
pub use distance::{distance_to_mm, signed_depth_mm, squared_distance_to_mm2};
pub use gaussian::{SmoothError, gaussian_smooth};
pub use head_view::{HEAD_VIEW_MM, HeadViewError, head_view};
pub use intensity::{IntensityError, Percentiles, min_max, percentiles, robust_normalise, z_score};
pub use morphology::{close, dilate, dilate_mm, erode, erode_mm, fill_holes, open};
pub use n4::{N4Config, N4Error, bias_field};
pub use otsu::{OtsuError, otsu_threshold};
pub use recipe::{IntensityScale, Prepared, Recipe, RecipeError, RecipeImage};
