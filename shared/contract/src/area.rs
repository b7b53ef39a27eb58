//! The parts of a picture that count: polygons to include and to exclude.

use minicbor::Decode;
use minicbor::Encode;
use serde::Deserialize;
use serde::Serialize;

/// The most polygons of a camera, and the most corners of one: each plate is held against all of them.
pub const MOST_POLYGONS: usize = 16;
/// See [`MOST_POLYGONS`].
pub const MOST_CORNERS: usize = 64;

/// A closed outline: corners `[x, y]` as parts of the picture's width and height, 0 to 1, from the top left.
pub type Polygon = Vec<[f32; 2]>;

/// Which parts of a picture count. Without polygons all of it does.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, Deserialize, Serialize)]
pub struct Areas {
    /// Only what lies in one of these counts; if there are none, everything does.
    #[n(0)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<Polygon>,
    /// What lies in one of these does not count, wherever it is.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Polygon>,
}

impl Areas {
    /// Whether the whole picture counts.
    pub fn is_everything(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether the point counts; `x` and `y` are parts of the picture's width and height.
    pub fn hold(&self, x: f32, y: f32) -> bool {
        let within = |polygon: &Polygon| is_inside(polygon, x, y);
        let included = self.include.is_empty() || self.include.iter().any(within);
        included && !self.exclude.iter().any(within)
    }

    /// For each cell of a grid, row by row, whether it counts: its centre, or a corner of it.
    pub fn mask(&self, columns: usize, rows: usize) -> Vec<bool> {
        let part = |place: f32, count: usize| place / count.max(1) as f32;
        let cell = |column: usize, row: usize| {
            [(0.5, 0.5), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
                .iter()
                .any(|(x, y)| {
                    self.hold(part(column as f32 + x, columns), part(row as f32 + y, rows))
                })
        };
        (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .map(|(column, row)| cell(column, row))
            .collect()
    }

    /// What is wrong with them: which polygon, such as `include[1]`, and what is allowed.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        for (key, polygons) in [("include", &self.include), ("exclude", &self.exclude)] {
            if polygons.len() > MOST_POLYGONS {
                let why = format!(
                    "{} polygons; at most {MOST_POLYGONS} are allowed",
                    polygons.len()
                );
                faults.push((key.to_owned(), why));
            }
            for (number, polygon) in polygons.iter().enumerate() {
                if let Some(why) = fault_of(polygon) {
                    faults.push((format!("{key}[{number}]"), why));
                }
            }
        }
        faults
    }
}

fn fault_of(polygon: &Polygon) -> Option<String> {
    if !(3..=MOST_CORNERS).contains(&polygon.len()) {
        return Some(format!(
            "{} corners; from 3 to {MOST_CORNERS} are allowed",
            polygon.len()
        ));
    }
    let outside = polygon
        .iter()
        .find(|corner| corner.iter().any(|part| !(0.0..=1.0).contains(part)));
    if let Some([x, y]) = outside {
        return Some(format!(
            "the corner [{x}, {y}]; both numbers are parts of the picture, from 0 to 1"
        ));
    }
    if let Some((one, other)) = crossing(polygon) {
        return Some(format!(
            "its sides {one} and {other} cross or touch; list its corners in their order around it"
        ));
    }
    let area: f32 = edges(polygon)
        .map(|([x0, y0], [x1, y1])| x0 * y1 - x1 * y0)
        .sum();
    (area.abs() < 2e-4).then(|| {
        "it encloses next to nothing; list its corners in their order around it".to_owned()
    })
}

/// The first two sides, counted from 1, that meet anywhere but in the corner that neighbours share.
fn crossing(polygon: &Polygon) -> Option<(usize, usize)> {
    let sides: Vec<Side> = edges(polygon).collect();
    let count = sides.len();
    for one in 0..count {
        for other in one + 1..count {
            let is_met = if other == one + 1 {
                folds_back(sides[one], sides[other])
            } else if one == 0 && other == count - 1 {
                folds_back(sides[other], sides[one])
            } else {
                meet(sides[one], sides[other])
            };
            if is_met {
                return Some((one + 1, other + 1));
            }
        }
    }
    None
}

type Side = ([f32; 2], [f32; 2]);

/// Twice the area of a triangle, with the sign of its turn. In double precision: the corners are exact, the turn is too.
fn turn(a: [f32; 2], b: [f32; 2], c: [f32; 2]) -> f64 {
    let [ax, ay, bx, by, cx, cy] = [a[0], a[1], b[0], b[1], c[0], c[1]].map(f64::from);
    (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
}

/// Whether a point on the line of a side lies on the side.
fn is_between((a, b): Side, c: [f32; 2]) -> bool {
    let within = |axis: usize| (a[axis].min(b[axis])..=a[axis].max(b[axis])).contains(&c[axis]);
    within(0) && within(1)
}

/// Whether two sides that share no corner have a point in common.
fn meet(one: Side, other: Side) -> bool {
    let turns = [
        turn(one.0, one.1, other.0),
        turn(one.0, one.1, other.1),
        turn(other.0, other.1, one.0),
        turn(other.0, other.1, one.1),
    ];
    if turns[0] * turns[1] < 0.0 && turns[2] * turns[3] < 0.0 {
        return true;
    }
    turns[0] == 0.0 && is_between(one, other.0)
        || turns[1] == 0.0 && is_between(one, other.1)
        || turns[2] == 0.0 && is_between(other, one.0)
        || turns[3] == 0.0 && is_between(other, one.1)
}

/// Whether the second of two neighbours runs back over the first, or one of them has no length.
fn folds_back(one: Side, other: Side) -> bool {
    turn(one.0, one.1, other.1) == 0.0 && (is_between(one, other.1) || is_between(other, one.0))
}

fn edges(polygon: &Polygon) -> impl Iterator<Item = ([f32; 2], [f32; 2])> + '_ {
    let next = polygon.iter().cycle().skip(1);
    polygon.iter().copied().zip(next.copied())
}

/// Whether a ray to the right crosses the outline an odd number of times.
fn is_inside(polygon: &Polygon, x: f32, y: f32) -> bool {
    let crossed = edges(polygon).filter(|([x0, y0], [x1, y1])| {
        (*y0 > y) != (*y1 > y) && x < (x1 - x0) * (y - y0) / (y1 - y0) + x0
    });
    crossed.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn square(left: f32, top: f32, right: f32, bottom: f32) -> Polygon {
        vec![[left, top], [right, top], [right, bottom], [left, bottom]]
    }

    /// GR-06
    #[test]
    fn what_is_outside_the_included_or_inside_the_excluded_polygons_does_not_count() {
        let areas = Areas {
            include: vec![square(0.1, 0.1, 0.6, 0.9), square(0.8, 0.0, 1.0, 1.0)],
            exclude: vec![vec![[0.1, 0.1], [0.4, 0.1], [0.1, 0.4]]],
        };
        for (x, y, holds) in [
            (0.5, 0.5, true),
            (0.9, 0.5, true),
            (0.7, 0.5, false),
            (0.05, 0.5, false),
            (0.15, 0.15, false),
            (0.35, 0.35, true),
        ] {
            assert_eq!(areas.hold(x, y), holds, "{x} {y}");
        }
        assert!(Areas::default().hold(0.99, 0.01));
    }

    /// GR-06: key, value and what is allowed.
    #[test]
    fn a_bad_polygon_is_named_with_what_is_allowed() {
        let areas = Areas {
            include: vec![square(0.0, 0.0, 1.0, 1.0), vec![[0.0, 0.0], [1.0, 1.0]]],
            exclude: vec![
                square(0.0, 0.0, 640.0, 480.0),
                vec![[0.1, 0.1], [0.5, 0.5], [0.9, 0.90002]],
                vec![[f32::NAN, 0.1], [0.5, 0.5], [0.9, 0.1]],
                vec![[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]],
                vec![[0.1, 0.1], [0.1, 0.1], [0.9, 0.1], [0.1, 0.9]],
                vec![[0.1, 0.1], [0.9, 0.1], [0.5, 0.1], [0.1, 0.9]],
                vec![[0.1; 2]; 65],
            ],
        };
        let faults = areas.faults();
        let expected = [
            ("include[1]", "2 corners; from 3 to 64"),
            ("exclude[0]", "the corner [640, 0]; both numbers are parts"),
            ("exclude[1]", "it encloses next to nothing"),
            ("exclude[2]", "the corner [NaN, 0.1]"),
            ("exclude[3]", "its sides 1 and 3 cross or touch"),
            ("exclude[4]", "its sides 1 and 2 cross or touch"),
            ("exclude[5]", "its sides 1 and 2 cross or touch"),
            ("exclude[6]", "65 corners; from 3 to 64"),
        ];
        for ((key, fault), (at, begin)) in faults.iter().zip(expected) {
            assert!(key == at && fault.starts_with(begin), "{key}: {fault}");
        }
        assert_eq!(faults.len(), expected.len());
    }

    /// GR-06: an outline with dents, as people draw it, in either sense of turning.
    #[test]
    fn an_outline_with_dents_is_no_fault_whichever_way_it_turns() {
        let mut dented = vec![
            [0.0, 0.0],
            [1.0, 0.0],
            [1.0, 1.0],
            [0.5, 0.2],
            [0.25, 0.6],
            [0.0, 1.0],
        ];
        for _ in 0..2 {
            let areas = Areas {
                include: vec![dented.clone()],
                exclude: Vec::new(),
            };
            assert_eq!(areas.faults(), []);
            dented.reverse();
        }
    }

    #[test]
    fn a_mask_covers_the_cells_that_an_area_touches() {
        let areas = Areas {
            include: vec![square(0.0, 0.0, 0.6, 1.0)],
            exclude: Vec::new(),
        };
        assert_eq!(
            areas.mask(4, 2),
            [true, true, true, false, true, true, true, false]
        );
        assert!(Areas::default().mask(3, 3).iter().all(|cell| *cell));
    }

    proptest! {
        #[test]
        fn any_polygon_is_judged_and_none_panics(
            polygon in prop::collection::vec([prop::num::f32::ANY, prop::num::f32::ANY], 0..80),
            point in [0.0f32..1.0, 0.0f32..1.0],
        ) {
            let areas = Areas { include: vec![polygon], exclude: Vec::new() };
            areas.faults();
            areas.hold(point[0], point[1]);
            prop_assert_eq!(areas.mask(8, 4).len(), 32);
        }
    }
}
