//! Whether anything moves: compares thumbnails, so that a still scene costs no recognition. Pure.

/// Columns and rows of the thumbnails that are compared.
pub const THUMBNAIL: (usize, usize) = (64, 36);

/// A cell changed if it differs by more than this many grey levels from what it used to be.
const CELL_CHANGED: f32 = 14.0;
/// How far the memory of a cell moves towards each new thumbnail.
const FOLLOW: f32 = 0.08;

/// Remembers what a scene looks like.
#[derive(Clone, Debug)]
pub struct Motion {
    part: f32,
    linger: u32,
    left: u32,
    usual: Vec<f32>,
    /// Which cells count; all if it is empty.
    mask: Vec<bool>,
}

impl Motion {
    /// A scene changed if more than `part` (0 to 1) of its cells did. After a change, the next `linger` thumbnails
    /// count as changed too, so that a car that has just stopped is seen sharp.
    pub fn new(part: f32, linger: u32) -> Self {
        Self {
            part,
            linger,
            left: 0,
            usual: Vec::new(),
            mask: Vec::new(),
        }
    }

    /// Looks at some cells only: what moves elsewhere is no change.
    pub fn within(mut self, mask: Vec<bool>) -> Self {
        self.mask = mask;
        self
    }

    /// Whether this thumbnail shows a change. The first one always does. A change of the light over the whole scene is
    /// none.
    pub fn changed(&mut self, thumbnail: &[u8]) -> bool {
        let cells: Vec<f32> = thumbnail.iter().map(|cell| f32::from(*cell)).collect();
        if self.usual.len() != cells.len() {
            self.usual = cells;
            self.left = self.linger;
            return true;
        }
        let light = median(
            cells
                .iter()
                .zip(&self.usual)
                .map(|(cell, usual)| cell - usual)
                .collect(),
        );
        let counts = |place: usize| self.mask.is_empty() || self.mask.get(place) == Some(&true);
        let moved = cells
            .iter()
            .zip(&self.usual)
            .enumerate()
            .filter(|(place, (cell, usual))| {
                (*cell - *usual - light).abs() > CELL_CHANGED && counts(*place)
            })
            .count();
        let watched = if self.mask.is_empty() {
            cells.len()
        } else {
            self.mask.iter().filter(|cell| **cell).count()
        };
        for (usual, cell) in self.usual.iter_mut().zip(&cells) {
            *usual += (cell - *usual) * FOLLOW;
        }
        if moved as f32 > self.part * watched as f32 {
            self.left = self.linger;
            return true;
        }
        let lingers = self.left > 0;
        self.left = self.left.saturating_sub(1);
        lingers
    }
}

impl Default for Motion {
    /// One cell in two hundred, and four frames of linger.
    fn default() -> Self {
        Self::new(0.005, 4)
    }
}

fn median(mut values: Vec<f32>) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CELLS: usize = THUMBNAIL.0 * THUMBNAIL.1;

    /// GR-07
    #[test]
    fn a_still_scene_costs_nothing_after_the_first_frames() {
        let mut motion = Motion::new(0.005, 2);
        let scene = vec![90; CELLS];
        let seen: Vec<bool> = (0..5).map(|_| motion.changed(&scene)).collect();
        assert_eq!(seen, [true, true, true, false, false]);
    }

    #[test]
    fn a_car_is_a_change_and_a_cloud_is_none() {
        let mut motion = Motion::new(0.005, 0);
        assert!(motion.changed(&vec![90; CELLS]));
        assert!(
            !motion.changed(&vec![60; CELLS]),
            "a cloud darkens every cell"
        );
        let mut car = vec![88; CELLS];
        car[500..560].fill(200);
        assert!(motion.changed(&car));
    }

    #[test]
    fn what_moves_outside_the_areas_is_no_change() {
        let mask = (0..CELLS).map(|cell| cell < CELLS / 2).collect();
        let mut motion = Motion::new(0.005, 0).within(mask);
        motion.changed(&vec![90; CELLS]);
        let mut street = vec![90; CELLS];
        street[CELLS - 200..].fill(200);
        assert!(!motion.changed(&street));
        let mut lane = vec![90; CELLS];
        lane[..60].fill(200);
        assert!(motion.changed(&lane));
    }

    #[test]
    fn noise_of_a_camera_is_no_change() {
        let mut motion = Motion::new(0.005, 0);
        motion.changed(&vec![100; CELLS]);
        let noisy: Vec<u8> = (0..CELLS).map(|cell| 95 + (cell * 7 % 11) as u8).collect();
        assert!(!motion.changed(&noisy));
    }

    proptest! {
        #[test]
        fn any_thumbnails_of_any_size_are_judged(thumbnails in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8)) {
            let mut motion = Motion::default();
            for thumbnail in &thumbnails {
                motion.changed(thumbnail);
            }
        }
    }
}
