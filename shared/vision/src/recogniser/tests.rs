//! Tests of the networks: the same numbers as in the training, damaged models, pictures of any shape.

use std::path::PathBuf;

use candle_core::Device;
use candle_core::Tensor;

use super::*;
use crate::grey::Grey;
use crate::layers;
use crate::models::list_models;
use crate::vehicle::Square;

/// The largest difference from the training's own numbers that we take.
const TOLERANCE: f32 = 1e-3;

fn models_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

fn recogniser() -> Recogniser {
    Recogniser::load(&models_folder(), 1).expect("the models of the repository")
}

fn golden(name: &str) -> layers::Weights {
    let path = models_folder().join("golden").join(name);
    candle_core::safetensors::load(path, &Device::Cpu)
        .unwrap()
        .into_iter()
        .collect()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// The network's input with its squares of pixels moved into channels.
fn channels(input: &Tensor, block: usize) -> Tensor {
    let (count, _, height, width) = input.dims4().unwrap();
    let moved = values(input)
        .chunks_exact(height * width)
        .flat_map(|pixels| layers::space_to_depth(pixels, width, height, block))
        .collect();
    layers::tensor(
        moved,
        &[count, block * block, height / block, width / block],
    )
    .unwrap()
}

fn furthest(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter()
        .zip(other)
        .map(|(one, other)| (one - other).abs())
        .fold(0.0, f32::max)
}

#[test]
fn the_detector_computes_what_its_training_computed() {
    let golden = golden("plate-detector.safetensors");
    let recogniser = recogniser();
    let output = recogniser
        .pool
        .install(|| {
            let scratch = recogniser.detector.scratch();
            let input = layers::Map::of(&channels(&golden["input"], 4), scratch)?;
            recogniser.detector.run(&input)
        })
        .unwrap();
    let difference = furthest(&values(&output), &values(&golden["output"]));
    assert!(difference < TOLERANCE, "{difference}");
}

#[test]
fn the_reader_computes_what_its_training_computed() {
    let golden = golden("plate-reader.safetensors");
    let recogniser = recogniser();
    let (steps, about) = recogniser
        .pool
        .install(|| {
            let scratch = recogniser.reader.scratch();
            let input = layers::Map::of(&channels(&golden["input"], 2), scratch)?;
            recogniser.reader.run(&input)
        })
        .unwrap();
    let difference = furthest(&values(&steps), &values(&golden["output"]));
    assert!(difference < TOLERANCE, "{difference}");
    let difference = furthest(&values(&about), &values(&golden["about"]));
    assert!(difference < TOLERANCE, "{difference}");
}

/// GR-01
#[test]
fn a_plate_in_two_rows_is_read_as_one_text_with_its_region() {
    let golden = golden("plate-reader-rows.safetensors");
    let (height, width) = golden["frame"].dims2().unwrap();
    let grey: Vec<u8> = golden["frame"].flatten_all().unwrap().to_vec1().unwrap();
    let rgb: Vec<u8> = grey.iter().flat_map(|value| [*value; 3]).collect();
    let frame = Grey::of_rgb(width as u32, height as u32, &rgb);
    let corners = values(&golden["corners"]);
    let corners = std::array::from_fn(|index| [corners[index * 2], corners[index * 2 + 1]]);
    let text: Vec<u8> = golden["text"].to_vec1().unwrap();
    let recogniser = recogniser();
    let readings = recogniser
        .pool
        .install(|| recogniser.reader.read(&frame, &[corners]))
        .unwrap();
    let reading = readings[0].as_ref().unwrap();
    let best = &reading.spelling.candidates[0];
    assert_eq!(best.text.as_str().as_bytes(), text);
    assert_eq!(reading.spelling.characters.len(), text.len());
    assert!(reading.region.confidence > 0.0 && reading.region.confidence <= 1.0);
    assert!(!reading.region.code.is_empty());
}

#[test]
fn a_plate_is_rectified_as_in_training() {
    let golden = golden("plate-reader.safetensors");
    let (height, width) = golden["frame"].dims2().unwrap();
    let pixels: Vec<u8> = values(&golden["frame"])
        .into_iter()
        .map(|value| value as u8)
        .collect();
    let rgb: Vec<u8> = pixels.iter().flat_map(|value| [*value; 3]).collect();
    let frame = Grey::of_rgb(width as u32, height as u32, &rgb);
    let corners = values(&golden["corners"]);
    let corners = std::array::from_fn(|index| [corners[index * 2], corners[index * 2 + 1]]);
    let crop = crate::crop::plate_grey(&frame, &corners, 144, 40);
    let wanted = values(&golden["crop"]);
    // OpenCV places samples on a grid of 1/32 pixel and rounds to whole grey levels.
    let mean = crop
        .iter()
        .zip(&wanted)
        .map(|(one, other)| (one - other).abs())
        .sum::<f32>()
        / crop.len() as f32;
    assert!(mean < 1.0, "mean difference {mean} grey levels");
}

#[test]
fn pictures_of_any_shape_are_judged() {
    let recogniser = recogniser();
    for (width, height) in [(1, 1), (3000, 1), (1, 700), (17, 33), (640, 480)] {
        let grey = vec![128; width * height * 3];
        let picture = Picture::from_rgb(width as u32, height as u32, grey).unwrap();
        let seen = recogniser.recognise(&picture).unwrap();
        assert!(seen.plates.is_empty(), "{width} x {height}");
    }
}

#[test]
fn the_vehicle_networks_compute_what_their_training_computed() {
    let recogniser = recogniser();
    let (kind, colour) = (&recogniser.vehicle().kind, &recogniser.vehicle().colour);
    let golden_kind = golden("vehicle-type.safetensors");
    let output = recogniser
        .pool
        .install(|| kind.as_ref().unwrap().run(&golden_kind["input"]))
        .unwrap();
    let difference = furthest(&values(&output), &values(&golden_kind["output"]));
    assert!(difference < TOLERANCE, "{difference}");
    let golden_colour = golden("vehicle-colour.safetensors");
    let output = recogniser
        .pool
        .install(|| colour.as_ref().unwrap().run(&golden_colour["input"]))
        .unwrap();
    let difference = furthest(&values(&output), &values(&golden_colour["output"]));
    assert!(difference < TOLERANCE, "{difference}");
}

#[test]
fn a_vehicle_is_framed_by_its_plate_as_in_training() {
    let golden = golden("vehicle-type.safetensors");
    let (height, width, _) = golden["frame"].dims3().unwrap();
    let rgb = golden["frame"]
        .flatten_all()
        .unwrap()
        .to_vec1::<u8>()
        .unwrap();
    let picture = Picture::from_rgb(width as u32, height as u32, rgb).unwrap();
    let corners = values(&golden["corners"]);
    let corners = std::array::from_fn(|index| [corners[index * 2], corners[index * 2 + 1]]);
    let framed: Vec<f32> = [2.4, 3.6]
        .into_iter()
        .flat_map(|metres| {
            Square::over_plate(&corners, metres, 0.2)
                .unwrap()
                .of(&picture)
        })
        .map(|value| value / 127.5 - 1.0)
        .collect();
    let wanted = values(&golden["input"]);
    assert_eq!(framed.len(), wanted.len());
    // OpenCV places samples on a grid of 1/32 pixel and rounds to whole levels.
    let differences = framed
        .iter()
        .zip(&wanted)
        .map(|(one, other)| (one - other).abs());
    let mean = differences.sum::<f32>() / wanted.len() as f32;
    assert!(mean < 1.0 / 127.5, "mean difference {mean}");
}

/// GR-10
#[test]
fn without_the_vehicle_models_plates_are_read_and_the_models_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for file in [
        "models.toml",
        "plate-detector.safetensors",
        "plate-reader.safetensors",
        "vehicle-type.safetensors",
    ] {
        std::fs::copy(models_folder().join(file), path.join(file)).unwrap();
    }
    let kind = path.join("vehicle-type.safetensors");
    let mut weights = std::fs::read(&kind).unwrap();
    weights[40] ^= 1;
    std::fs::write(&kind, &weights).unwrap();
    let recogniser = Recogniser::load(path, 1).unwrap();
    assert_eq!(recogniser.models().len(), 2);
    let missing: Vec<_> = recogniser.missing().iter().map(ModelError::model).collect();
    assert_eq!(missing, [Some("vehicle-type"), Some("vehicle-colour")]);
    let picture = Picture::from_rgb(64, 48, vec![90; 64 * 48 * 3]).unwrap();
    let corners = [[20.0, 20.0], [40.0, 20.0], [40.0, 25.0], [20.0, 25.0]];
    assert_eq!(recogniser.look(&picture, &corners).unwrap(), None);
    assert_eq!(recogniser.look_at_crop(&picture).unwrap(), None);
    assert!(recogniser.recognise(&picture).unwrap().plates.is_empty());
}

/// VC-11
#[test]
fn a_grey_picture_has_a_type_and_no_colour_and_odd_pictures_are_looked_at_too() {
    let recogniser = recogniser();
    for (width, height) in [(1, 1), (3000, 1), (17, 33), (640, 480)] {
        let grey = vec![128; width * height * 3];
        let picture = Picture::from_rgb(width as u32, height as u32, grey).unwrap();
        let look = recogniser.look_at_crop(&picture).unwrap().unwrap();
        assert_eq!(look.vehicle.colour, None);
        assert_eq!(look.vehicle.colour_confidence, 0.0);
        let sum: f32 = look.classes.iter().map(|class| class.1).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
        for corners in [
            [[0.0; 2]; 4],
            [[f32::NAN; 2]; 4],
            [[-9.0, 1e9], [2.0, 2.0], [3.0, 9.0], [0.0, 4.0]],
        ] {
            assert!(recogniser.look(&picture, &corners).is_ok());
        }
    }
}

/// GR-10
#[test]
fn a_missing_changed_or_foreign_model_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert!(matches!(
        Recogniser::load(path, 1),
        Err(ModelError::List { .. })
    ));
    for file in [
        "models.toml",
        "plate-detector.safetensors",
        "plate-reader.safetensors",
    ] {
        std::fs::copy(models_folder().join(file), path.join(file)).unwrap();
    }
    assert!(Recogniser::load(path, 1).is_ok());
    let reader = path.join("plate-reader.safetensors");
    let mut weights = std::fs::read(&reader).unwrap();
    let last = weights.len() - 1;
    weights[last] ^= 1;
    std::fs::write(&reader, &weights).unwrap();
    let error = Recogniser::load(path, 1).err().unwrap();
    assert!(matches!(error, ModelError::Hash { .. }), "{error}");
    assert_eq!(error.model(), Some("plate-reader"));
    std::fs::remove_file(&reader).unwrap();
    let error = Recogniser::load(path, 1).err().unwrap();
    assert!(
        error.to_string().contains("plate-reader.safetensors"),
        "{error}"
    );

    // The detector's weights under the reader's name, with a hash that fits.
    let detector = std::fs::read(path.join("plate-detector.safetensors")).unwrap();
    std::fs::write(&reader, &detector).unwrap();
    let list = std::fs::read_to_string(path.join("models.toml")).unwrap();
    let hashes: Vec<String> = list_models(path)
        .unwrap()
        .into_iter()
        .map(|model| model.sha256)
        .collect();
    std::fs::write(
        path.join("models.toml"),
        list.replace(&hashes[1], &hashes[0]),
    )
    .unwrap();
    let error = Recogniser::load(path, 1).err().unwrap();
    assert!(matches!(error, ModelError::Weights { .. }), "{error}");
    std::fs::write(&reader, b"no tensors").unwrap();
    assert!(Recogniser::load(path, 1).is_err());
}

/// GR-16
#[test]
fn what_is_loaded_is_told_with_version_hash_input_and_classes() {
    let recogniser = recogniser();
    recogniser.vehicle();
    let models = recogniser.models();
    assert_eq!(models, list_models(&models_folder()).unwrap());
    assert_eq!(models[0].name, "plate-detector");
    assert_eq!(models[0].classes, "plate");
    assert_eq!(models[1].input, "grey, 144 x 40");
    assert!(models.iter().all(|model| model.sha256.len() == 64));
}

#[test]
fn a_doubtful_or_very_short_text_was_not_read_off_a_plate() {
    let spelling = |text: &str, sure: f32| Spelling {
        candidates: vec![contract::plate::Candidate {
            text: contract::plate::Plate::parse(text).unwrap(),
            confidence: 0.1,
        }],
        characters: text
            .chars()
            .map(|symbol| contract::plate::Character {
                options: vec![('Q', 0.3), (symbol, sure)],
            })
            .collect(),
    };
    assert!(is_plausible(&spelling("AB12", 0.6), LEAST_SURE));
    assert!(!is_plausible(&spelling("AB12", 0.4), LEAST_SURE));
    assert!(!is_plausible(&spelling("11", 0.9), LEAST_SURE));
    assert!(is_plausible(&spelling("W8", 0.99), LEAST_SURE));
}

/// GR-09: the models of a vehicle's look are not in memory before the first look, and loaded once.
#[test]
fn the_first_look_at_a_vehicle_loads_its_models_and_reading_plates_does_not() {
    let recogniser = recogniser();
    let picture = Picture::from_rgb(64, 48, vec![90; 64 * 48 * 3]).unwrap();
    recogniser.recognise(&picture).unwrap();
    let names = |models: &[ModelInfo]| -> Vec<String> {
        models.iter().map(|model| model.name.clone()).collect()
    };
    assert_eq!(
        names(&recogniser.models()),
        ["plate-detector", "plate-reader"]
    );
    assert_eq!(names(&recogniser.waiting()), VEHICLE_MODELS);
    assert_eq!(recogniser.loading_took(), None);
    assert!(recogniser.look_at_crop(&picture).unwrap().is_some());
    assert_eq!(names(recogniser.vehicle_models()), VEHICLE_MODELS);
    assert_eq!(recogniser.waiting(), []);
    let took = recogniser.loading_took().unwrap();
    assert!(took > Duration::ZERO);
    recogniser.look_at_crop(&picture).unwrap();
    assert_eq!(recogniser.loading_took(), Some(took), "once");
}

/// GR-05: a coarse look takes less work, and still finds a plate that is near enough.
#[test]
fn a_coarse_look_finds_a_near_plate_with_a_smaller_input() {
    let recogniser = recogniser();
    let path = models_folder().join("../samples/drive/008.jpg");
    let picture = Picture::decode(&std::fs::read(path).unwrap()).unwrap();
    let texts = |detail: Detail| -> Vec<String> {
        let seen = recogniser.recognise_in(&picture, detail).unwrap();
        let texts = seen.plates.iter().map(|read| read.text.to_string());
        texts.collect()
    };
    assert!(!texts(Detail::Full).is_empty());
    assert_eq!(texts(Detail::Coarse), texts(Detail::Full));
}
