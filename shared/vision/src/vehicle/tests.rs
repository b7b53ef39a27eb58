//! Tests of a vehicle's look: what is told and what is not, and pictures of any kind.

use super::*;

#[test]
fn what_is_less_sure_than_the_threshold_stays_untold_with_its_confidence() {
    let options = [(VehicleType::Car, 0.5), (VehicleType::Van, 0.3)];
    assert_eq!(told(&options, 0.4), (Some(VehicleType::Car), 0.5));
    assert_eq!(told(&options, 0.6), (None, 0.5));
    assert_eq!(told::<VehicleType>(&[], 0.6), (None, 0.0));
    assert_eq!(told(&[(VehicleType::Car, f32::NAN)], 0.6), (None, 0.0));
}

#[test]
fn pickups_trucks_and_lorries_are_one_type() {
    let classes = CLASSES.map(|(name, _)| (name, 0.1)).to_vec();
    let types = types_of(&classes);
    assert!((types[2].1 - 0.3).abs() < 1e-6);
    assert_eq!(types[2].0, VehicleType::Truck);
    assert_eq!(types.len(), 5);
}

#[test]
fn cells_count_as_much_as_the_last_channel_says() {
    // Two colours on two cells; the second cell counts e times as much as the first.
    let cells = [1.0, 3.0, 2.0, 0.0, 0.0, 1.0];
    let pooled = pooled(&cells, 2);
    let (first, second) = (
        1.0 / (1.0 + 1.0f32.exp()),
        1.0f32.exp() / (1.0 + 1.0f32.exp()),
    );
    assert!((pooled[0] - (first + 3.0 * second)).abs() < 1e-5);
    assert!((pooled[1] - 2.0 * first).abs() < 1e-5);
}

#[test]
fn grey_pixels_with_noise_have_no_colour_and_a_red_door_has() {
    let noisy = |index: usize| 100.0 + (index * 7 % 5) as f32;
    let mut square: Vec<f32> = (0..3 * SIDE * SIDE).map(noisy).collect();
    assert!(!is_coloured(&square));
    square[..SIDE * 4].fill(160.0);
    assert!(is_coloured(&square));
}

#[test]
fn halving_takes_means_and_mirroring_exchanges_left_and_right() {
    let square: Vec<f32> = (0..3 * SIDE * SIDE).map(|index| index as f32).collect();
    let halved = halved(&square);
    assert_eq!(halved.len(), 3 * COLOUR_SIDE * COLOUR_SIDE);
    assert_eq!(
        halved[0],
        (0.0 + 1.0 + SIDE as f32 + SIDE as f32 + 1.0) / 4.0
    );
    assert_eq!(mirrored(&square)[0], (SIDE - 1) as f32);
}

#[test]
fn a_network_with_other_classes_or_an_impossible_scale_is_refused() {
    let weights = Weights::new();
    let task = |classes: &[&str], temperature: f32, metres: &[f32]| Task::VehicleType {
        side: SIDE,
        classes: classes.iter().map(|name| (*name).to_owned()).collect(),
        metres: metres.to_vec(),
        above: ABOVE,
        temperature,
        told: 0.5,
    };
    let ours = CLASSES.map(|(name, _)| name);
    let error = |task| TypeNetwork::over(&weights, &task).err().unwrap();
    assert!(error(task(&["tank"], 1.0, &[2.0])).contains("tank"));
    // With the right classes the weights are looked at, and there are none.
    assert!(error(task(&ours, 1.0, &[2.0])).contains("stem.weight"));
    assert!(scale(f32::NAN, 0.5).is_err());
    assert!(scale(0.0, 0.5).is_err());
    assert!(scale(1.0, 1.5).is_err());
    assert!(sizes(&[]).is_err());
    assert!(sizes(&[f32::NAN]).is_err());
    assert!(ColourNetwork::over(&weights, &task(&ours, 1.0, &[2.0])).is_err());
}
