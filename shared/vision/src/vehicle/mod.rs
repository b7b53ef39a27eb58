//! A vehicle's type and colour, from the part of a picture around its plate. scripts/train/vehicle_networks.py describes the
//! networks and what goes in and out.

mod square;

use candle_core::Device;
use candle_core::Result;
use candle_core::Tensor;
use contract::vehicle::Vehicle;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;

use crate::layers::Conv;
use crate::layers::Map;
use crate::layers::Scratch;
use crate::layers::Weights;
use crate::models::Task;
use crate::picture::Picture;
use square::SIDE;
pub(crate) use square::Square;

/// The side of what the colour network sees.
const COLOUR_SIDE: usize = SIDE / 2;
/// The type network's classes, each with the type that it is.
const CLASSES: [(&str, VehicleType); 7] = [
    ("car", VehicleType::Car),
    ("pickup", VehicleType::Truck),
    ("van", VehicleType::Van),
    ("truck", VehicleType::Truck),
    ("lorry", VehicleType::Truck),
    ("bus", VehicleType::Bus),
    ("motorcycle", VehicleType::Motorcycle),
];
/// How far the middle of the square lies over the plate's, as a part of its side.
const ABOVE: f32 = 0.2;
/// A pixel has a colour if its channels differ by more than this; noise and JPEG make grey ones differ by less.
const COLOURLESS: f32 = 6.0;
/// A picture with fewer pixels of any colour than this part comes from a camera without colours, or by infra-red light.
const LEAST_COLOURED: f32 = 0.01;

/// What was seen of one vehicle.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Its type and colour, where they are sure enough to be told.
    pub vehicle: Vehicle,
    /// How likely each class is: a finer type.
    pub classes: Vec<(&'static str, f32)>,
    /// How likely each colour is; none if the picture has no colours.
    pub colours: Vec<(VehicleColour, f32)>,
}

/// How a network's logits become a statement: fitted on held-back crops.
#[derive(Clone, Copy)]
struct Scale {
    temperature: f32,
    /// Less sure than this stays untold.
    told: f32,
}

impl Scale {
    fn probabilities(self, logits: &[f32]) -> Vec<f32> {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f32> = logits
            .iter()
            .map(|logit| ((logit - highest) / self.temperature).exp())
            .collect();
        let sum: f32 = powers.iter().sum();
        powers.into_iter().map(|power| power / sum).collect()
    }
}

/// Tells types apart.
pub(crate) struct TypeNetwork {
    stem: Conv,
    down1: Conv,
    body1a: Conv,
    body1b: Conv,
    down2: Conv,
    body2: Conv,
    wide: Conv,
    out: Conv,
    scratch: Scratch,
    scale: Scale,
    /// How wide the squares at a gate are; their probabilities are averaged.
    metres: Vec<f32>,
}

impl TypeNetwork {
    /// The network over its weights; an error says what is missing in them, or can't be run.
    pub(crate) fn over(weights: &Weights, task: &Task) -> std::result::Result<Self, String> {
        let Task::VehicleType {
            side,
            classes,
            metres,
            above,
            temperature,
            told,
        } = task
        else {
            return Err(format!("its task is {task:?}, not vehicle-type"));
        };
        let ours = CLASSES.map(|(name, _)| name);
        if *side != SIDE || *above != ABOVE || *classes != ours {
            return Err(format!(
                "its task is {task:?}; this network sees {SIDE} pixels, {ABOVE} sides over the plate, and tells {ours:?}"
            ));
        }
        let plane = |name, shape| Conv::plane(weights, name, shape);
        Ok(Self {
            stem: plane("stem", [48, 48, 3, 1])?,
            down1: plane("down1", [48, 64, 3, 2])?,
            body1a: plane("body1a", [64, 64, 3, 1])?,
            body1b: plane("body1b", [64, 64, 3, 1])?,
            down2: plane("down2", [64, 96, 3, 2])?,
            body2: plane("body2", [96, 96, 3, 1])?,
            wide: plane("wide", [96, 128, 3, 1])?,
            out: plane("out", [128, CLASSES.len(), 1, 1])?,
            scratch: Scratch::default(),
            scale: scale(*temperature, *told)?,
            metres: sizes(metres)?,
        })
    }

    /// `[n, 3, 80, 80]` to `[n, 7, 1, 1]`: logits.
    pub(crate) fn run(&self, input: &Tensor) -> Result<Tensor> {
        let input = Map::of(&blocks(input, 4)?, &self.scratch)?;
        let x = self.stem.apply_relu(&input)?;
        let x = self.down1.apply_relu(&x)?;
        let x = self.body1a.apply_relu(&x)?;
        let x = self.body1b.apply_relu(&x)?;
        let x = self.down2.apply_relu(&x)?;
        let x = self.body2.apply_relu(&x)?;
        let x = self.wide.apply_relu(&x)?;
        let mean = x.to_tensor()?.mean_keepdim((2, 3))?;
        let mean = Map::of(&mean, &self.scratch)?;
        self.out.apply(&mean)?.to_tensor()
    }

    /// How likely each class is, over all squares.
    fn look(&self, squares: &[Vec<f32>]) -> Result<Vec<(&'static str, f32)>> {
        let values: Vec<f32> = squares
            .iter()
            .flatten()
            .map(|value| value / 127.5 - 1.0)
            .collect();
        let input = Tensor::from_vec(values, (squares.len(), 3, SIDE, SIDE), &Device::Cpu)?;
        let logits = self.run(&input)?.flatten_all()?.to_vec1::<f32>()?;
        let mut classes = CLASSES.map(|(name, _)| (name, 0.0));
        for logits in logits.chunks_exact(CLASSES.len()) {
            for (class, part) in classes.iter_mut().zip(self.scale.probabilities(logits)) {
                class.1 += part / squares.len() as f32;
            }
        }
        Ok(classes.to_vec())
    }
}

/// Tells colours apart.
pub(crate) struct ColourNetwork {
    conv1: Conv,
    conv2: Conv,
    conv3: Conv,
    conv4: Conv,
    out: Conv,
    scratch: Scratch,
    scale: Scale,
    metres: f32,
}

impl ColourNetwork {
    /// The network over its weights; an error says what is missing in them, or can't be run.
    pub(crate) fn over(weights: &Weights, task: &Task) -> std::result::Result<Self, String> {
        let Task::VehicleColour {
            side,
            colours,
            metres,
            above,
            temperature,
            told,
        } = task
        else {
            return Err(format!("its task is {task:?}, not vehicle-colour"));
        };
        let ours = VehicleColour::ALL.map(VehicleColour::word);
        if *side != COLOUR_SIDE || *above != ABOVE || *colours != ours {
            return Err(format!(
                "its task is {task:?}; this network sees {COLOUR_SIDE} pixels, {ABOVE} sides over the plate, and tells {ours:?}"
            ));
        }
        let plane = |name, shape| Conv::plane(weights, name, shape);
        let metres = sizes(std::slice::from_ref(metres))?[0];
        Ok(Self {
            conv1: plane("conv1", [12, 32, 3, 1])?,
            conv2: plane("conv2", [32, 32, 3, 1])?,
            conv3: plane("conv3", [32, 48, 3, 2])?,
            conv4: plane("conv4", [48, 48, 3, 1])?,
            out: plane("out", [48, ours.len() + 1, 1, 1])?,
            scratch: Scratch::default(),
            scale: scale(*temperature, *told)?,
            metres,
        })
    }

    /// `[n, 3, 40, 40]` to `[n, 9, 10, 10]`: a logit for each colour, and how much each cell counts.
    pub(crate) fn run(&self, input: &Tensor) -> Result<Tensor> {
        let input = Map::of(&blocks(input, 2)?, &self.scratch)?;
        let x = self.conv1.apply_relu(&input)?;
        let x = self.conv2.apply_relu(&x)?;
        let x = self.conv3.apply_relu(&x)?;
        let x = self.conv4.apply_relu(&x)?;
        self.out.apply(&x)?.to_tensor()
    }

    /// How likely each colour is; none if there is no colour in the square.
    fn look(&self, square: &[f32]) -> Result<Vec<(VehicleColour, f32)>> {
        if !is_coloured(square) {
            return Ok(Vec::new());
        }
        let values: Vec<f32> = halved(square)
            .into_iter()
            .map(|value| value / 127.5 - 1.0)
            .collect();
        let input = Tensor::from_vec(values, (1, 3, COLOUR_SIDE, COLOUR_SIDE), &Device::Cpu)?;
        let cells = self.run(&input)?.flatten_all()?.to_vec1::<f32>()?;
        let logits = pooled(&cells, VehicleColour::ALL.len());
        let parts = self.scale.probabilities(&logits);
        Ok(VehicleColour::ALL.into_iter().zip(parts).collect())
    }
}

/// Both networks; either may be missing.
#[derive(Default)]
pub(crate) struct VehicleEye {
    pub(crate) kind: Option<TypeNetwork>,
    pub(crate) colour: Option<ColourNetwork>,
}

impl VehicleEye {
    /// Looks at the vehicle whose plate has these corners. None if no network is there, or the corners are no plate's.
    pub(crate) fn at_plate(
        &self,
        picture: &Picture,
        corners: &[[f32; 2]; 4],
    ) -> Result<Option<Look>> {
        let square = |metres: f32| Square::over_plate(corners, metres, ABOVE);
        let kinds = self.kind.iter().flat_map(|network| &network.metres);
        let kinds: Option<Vec<Square>> = kinds.map(|metres| square(*metres)).collect();
        let colour = self.colour.as_ref().map(|network| square(network.metres));
        match (kinds, colour.unwrap_or_else(|| square(1.0))) {
            (Some(kinds), Some(colour)) => self.at(picture, &kinds, colour),
            (None, _) | (_, None) => Ok(None),
        }
    }

    /// Looks at a picture that shows nothing but one vehicle.
    pub(crate) fn at_crop(&self, picture: &Picture) -> Result<Option<Look>> {
        let whole = Square::whole(picture);
        self.at(picture, &[whole], whole)
    }

    fn at(&self, picture: &Picture, kinds: &[Square], colour: Square) -> Result<Option<Look>> {
        if self.kind.is_none() && self.colour.is_none() {
            return Ok(None);
        }
        let mut look = Look {
            vehicle: Vehicle::default(),
            classes: Vec::new(),
            colours: Vec::new(),
        };
        if let Some(network) = &self.kind {
            let mut squares: Vec<Vec<f32>> =
                kinds.iter().map(|square| square.of(picture)).collect();
            if let [only] = squares.as_slice() {
                // One view alone is seen again in the mirror: two views vote everywhere.
                squares.push(mirrored(only));
            }
            look.classes = network.look(&squares)?;
            (look.vehicle.kind, look.vehicle.kind_confidence) =
                told(&types_of(&look.classes), network.scale.told);
        }
        if let Some(network) = &self.colour {
            look.colours = network.look(&colour.of(picture))?;
            (look.vehicle.colour, look.vehicle.colour_confidence) =
                told(&look.colours, network.scale.told);
        }
        Ok(Some(look))
    }
}

/// How likely each type is: the sum of its classes.
fn types_of(classes: &[(&'static str, f32)]) -> Vec<(VehicleType, f32)> {
    let sum = |kind: VehicleType| {
        let parts = classes.iter().zip(CLASSES);
        parts
            .filter(|(_, class)| class.1 == kind)
            .map(|(part, _)| part.1)
            .sum()
    };
    VehicleType::ALL.map(|kind| (kind, sum(kind))).to_vec()
}

/// The likeliest, if it is sure enough to be told, and how likely it is.
fn told<T: Copy>(options: &[(T, f32)], least: f32) -> (Option<T>, f32) {
    let best = options
        .iter()
        .max_by(|one, other| one.1.total_cmp(&other.1));
    match best {
        Some((option, part)) if part.is_finite() => {
            ((*part >= least).then_some(*option), part.clamp(0.0, 1.0))
        }
        Some(_) | None => (None, 0.0),
    }
}

/// Each colour's logit over all cells, each cell weighed by the softmax of the last channel.
fn pooled(cells: &[f32], colours: usize) -> Vec<f32> {
    let count = cells.len() / (colours + 1);
    let (logits, attention) = cells.split_at(colours * count);
    let highest = attention.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = attention
        .iter()
        .map(|value| (value - highest).exp())
        .collect();
    let sum: f32 = weights.iter().sum();
    logits
        .chunks_exact(count)
        .map(|plane| {
            plane
                .iter()
                .zip(&weights)
                .map(|(logit, weight)| logit * weight)
                .sum::<f32>()
                / sum
        })
        .collect()
}

/// Whether some pixels of a square have a colour.
fn is_coloured(square: &[f32]) -> bool {
    let (red, rest) = square.split_at(SIDE * SIDE);
    let (green, blue) = rest.split_at(SIDE * SIDE);
    let coloured = red
        .iter()
        .zip(green)
        .zip(blue)
        .filter(|((r, g), b)| {
            let (r, g, b) = (**r, **g, **b);
            r.max(g).max(b) - r.min(g).min(b) > COLOURLESS
        })
        .count();
    coloured as f32 >= LEAST_COLOURED * (SIDE * SIDE) as f32
}

/// The mean of each 2 x 2 square of pixels.
fn halved(square: &[f32]) -> Vec<f32> {
    let mut halved = Vec::with_capacity(square.len() / 4);
    for lines in square.chunks_exact(2 * SIDE) {
        let (upper, lower) = lines.split_at(SIDE);
        let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
        halved.extend(pairs.map(|(up, low)| (up[0] + up[1] + low[0] + low[1]) / 4.0));
    }
    halved
}

/// Left and right exchanged.
fn mirrored(square: &[f32]) -> Vec<f32> {
    let lines = square.chunks_exact(SIDE);
    lines.flat_map(|line| line.iter().rev().copied()).collect()
}

/// Moves each `block x block` square of pixels into channels, channel by channel.
fn blocks(input: &Tensor, block: usize) -> Result<Tensor> {
    let (count, channels, height, width) = input.dims4()?;
    let (rows, columns) = (height / block, width / block);
    input
        .reshape(vec![count, channels, rows, block, columns, block])?
        .permute(vec![0, 1, 3, 5, 2, 4])?
        .reshape((count, channels * block * block, rows, columns))?
        .contiguous()
}

fn scale(temperature: f32, told: f32) -> std::result::Result<Scale, String> {
    let is_sound = temperature > 0.0 && temperature.is_finite() && (0.0..=1.0).contains(&told);
    if !is_sound {
        return Err(format!(
            "its temperature {temperature} must be above 0, and told {told} from 0 to 1"
        ));
    }
    Ok(Scale { temperature, told })
}

fn sizes(metres: &[f32]) -> std::result::Result<Vec<f32>, String> {
    if metres.is_empty()
        || metres.len() > 4
        || !metres.iter().all(|size| (0.5..=10.0).contains(size))
    {
        return Err(format!(
            "it looks at {metres:?} metres; one to four sizes of 0.5 to 10 are allowed"
        ));
    }
    Ok(metres.to_vec())
}

#[cfg(test)]
mod tests;
