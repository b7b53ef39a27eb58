//! Geometry of corners and of the upright boxes around them.

/// Whether four corners go clockwise around an area that could hold letters.
pub(super) fn is_outline(corners: &[[f32; 2]; 4]) -> bool {
    let finite = corners.iter().flatten().all(|value| value.is_finite());
    let area: f32 = (0..4)
        .map(|index| {
            let [x0, y0] = corners[index];
            let [x1, y1] = corners[(index + 1) % 4];
            x0 * y1 - x1 * y0
        })
        .sum();
    finite && area / 2.0 >= 16.0
}

/// Left, top, right, bottom.
pub(crate) fn bounds(corners: &[[f32; 2]; 4]) -> [f32; 4] {
    corners.iter().fold(
        [
            f32::INFINITY,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NEG_INFINITY,
        ],
        |[left, top, right, bottom], [x, y]| {
            [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)]
        },
    )
}

/// The area that two upright boxes share.
fn shared(one: [f32; 4], other: [f32; 4]) -> f32 {
    let width = one[2].min(other[2]) - one[0].max(other[0]);
    let height = one[3].min(other[3]) - one[1].max(other[1]);
    width.max(0.0) * height.max(0.0)
}

fn area([left, top, right, bottom]: [f32; 4]) -> f32 {
    (right - left) * (bottom - top)
}

/// Intersection over union of two upright boxes.
pub(super) fn overlap(one: [f32; 4], other: [f32; 4]) -> f32 {
    let both = shared(one, other);
    both / (area(one) + area(other) - both)
}

/// The part of the smaller of two upright boxes that lies in the other.
pub(super) fn contained(one: [f32; 4], other: [f32; 4]) -> f32 {
    shared(one, other) / area(one).min(area(other))
}
