//! Small pictures of findings, for lists.

use siderin_core::lesion::Lesion;
use siderin_image::picture::{Plane, View, Window, picture};
use siderin_image::volume::Volume;

/// A lesion in its slice, 20 mm wide, as a drawing of vectors that needs nothing else: for lists.
#[must_use]
pub fn thumbnail(scan: &Volume<f32>, [black, white]: [f32; 2], lesion: &Lesion) -> String {
    let view = View {
        scan,
        window: Window { black, white },
        half_mm: Some(THUMBNAIL_HALF_MM),
        bar_mm: 0.0,
        heat: None,
        slab_mm: 0.0,
    };
    let center = scan.grid().nearest_inside(lesion.center_voxel);
    let marked = |offset: usize| lesion.voxels.binary_search(&offset).is_ok();
    picture(&view, Plane::Axial, center, &marked, "finding").plain_svg()
}

/// Half the edge of a thumbnail.
const THUMBNAIL_HALF_MM: f64 = 10.0;
