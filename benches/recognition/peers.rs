//! The other engines, each over the same weights: onnxruntime and tract over the exported ONNX files, in a Python process
//! of their own (`peers.py`), and candle as its own layers compute.

use std::collections::HashMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use candle_core::DType;
use candle_core::Device;
use candle_core::Tensor;

use crate::timed;

/// A network in some engine.
pub enum Net {
    /// In a process of its own, which measures itself.
    Apart(Apart),
    /// Here, by candle.
    Candle(Layers),
}

impl Net {
    /// Runs it: its output, and the time of processor that it took.
    pub fn run(&mut self, values: &[f32]) -> Result<(Vec<f32>, Duration), String> {
        match self {
            Self::Apart(process) => process.run(values),
            Self::Candle(layers) => {
                let (output, time) = timed(|| layers.run(values));
                Ok((output.map_err(|error| error.to_string())?, time))
            }
        }
    }
}

/// The engines, each with the network or the reason why it is not there.
pub fn load(
    models: &Path,
    name: &str,
    sides: [usize; 4],
) -> Vec<(&'static str, Result<Net, String>)> {
    vec![
        (
            "onnxruntime",
            Apart::start("onnxruntime", name).map(Net::Apart),
        ),
        ("tract", Apart::start("tract", name).map(Net::Apart)),
        (
            "candle's own layers",
            Layers::load(models, name, sides)
                .map(Net::Candle)
                .map_err(|error| error.to_string()),
        ),
    ]
}

/// An engine behind pipes. It gets an input once for each run, as raw floats after their number.
pub struct Apart {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Apart {
    fn start(engine: &str, name: &str) -> Result<Self, String> {
        let python = std::env::var("GATEWARDEN_BENCH_PYTHON")
            .map_err(|_| "scripts/bench set up no Python for it")?;
        let folder = std::env::var("GATEWARDEN_BENCH_ONNX")
            .map_err(|_| "scripts/bench wrote no ONNX files")?;
        let mut process = Command::new(python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("recognition/peers.py"))
            .arg(engine)
            .arg(Path::new(&folder).join(format!("{name}.onnx")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let (to, from) = process
            .stdin
            .take()
            .zip(process.stdout.take())
            .ok_or("no pipes")?;
        let mut engine = Self {
            process,
            to,
            from: BufReader::new(from),
        };
        if engine.line()? != "ready" {
            return Err("it did not start; what it says stands above".to_owned());
        }
        Ok(engine)
    }

    fn run(&mut self, values: &[f32]) -> Result<(Vec<f32>, Duration), String> {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.to
            .write_all(&bytes)
            .and_then(|()| self.to.flush())
            .map_err(|error| error.to_string())?;
        let line = self.line()?;
        let (time, count) = line
            .split_once(' ')
            .ok_or("it answers in no form that we know")?;
        let nanoseconds = time.parse().map_err(|_| "its time is no number")?;
        let count: usize = count.parse().map_err(|_| "its count is no number")?;
        let mut bytes = vec![0; count * 4];
        std::io::Read::read_exact(&mut self.from, &mut bytes).map_err(|error| error.to_string())?;
        let output = bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        Ok((output, Duration::from_nanos(nanoseconds)))
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.from
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The weights of a network, for candle's layers.
pub struct Layers {
    weights: HashMap<String, Tensor>,
    is_detector: bool,
    sides: [usize; 4],
}

impl Layers {
    fn load(models: &Path, name: &str, sides: [usize; 4]) -> candle_core::Result<Self> {
        let weights = candle_core::safetensors::load(
            models.join(format!("{name}.safetensors")),
            &Device::Cpu,
        )?;
        Ok(Self {
            weights: weights
                .into_iter()
                .map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F32)?)))
                .collect::<candle_core::Result<_>>()?,
            is_detector: name == "plate-detector",
            sides,
        })
    }

    fn run(&self, values: &[f32]) -> candle_core::Result<Vec<f32>> {
        let input = Tensor::from_slice(values, &self.sides, &Device::Cpu)?;
        let output = if self.is_detector {
            self.detector(&input)
        } else {
            self.reader(&input)
        };
        output?.flatten_all()?.to_vec1()
    }

    fn conv(&self, x: &Tensor, name: &str, stride: usize) -> candle_core::Result<Tensor> {
        let weight = &self.weights[&format!("{name}.weight")];
        let bias = &self.weights[&format!("{name}.bias")];
        let padding = weight.dims()[2] / 2;
        if weight.rank() == 3 {
            return x
                .conv1d(weight, padding, stride, 1, 1)?
                .broadcast_add(&bias.reshape((1, (), 1))?);
        }
        x.conv2d(weight, padding, stride, 1, 1)?
            .broadcast_add(&bias.reshape((1, (), 1, 1))?)
    }

    fn relu(&self, x: &Tensor, name: &str, stride: usize) -> candle_core::Result<Tensor> {
        self.conv(x, name, stride)?.relu()
    }

    fn detector(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let doubled = |x: &Tensor| {
            let (_, _, height, width) = x.dims4()?;
            x.upsample_nearest2d(height * 2, width * 2)
        };
        let x = squares(x, 4)?;
        let x = self.relu(&self.relu(&x, "stem", 1)?, "down8", 2)?;
        let c8 = self.relu(&x, "body8", 1)?;
        let x = self.relu(&self.relu(&c8, "down16", 2)?, "body16a", 1)?;
        let c16 = self.relu(&x, "body16b", 1)?;
        let x = self.relu(&self.relu(&c16, "down32", 2)?, "body32a", 1)?;
        let c32 = self.relu(&x, "body32b", 1)?;
        let p16 =
            (self.conv(&c16, "lateral16", 1)? + doubled(&self.conv(&c32, "lateral32", 1)?)?)?;
        let p8 = (self.conv(&c8, "lateral8", 1)? + doubled(&p16)?)?.relu()?;
        self.conv(&self.relu(&p8, "head", 1)?, "out", 1)
    }

    fn reader(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let x = squares(x, 2)?;
        let x = self.relu(&self.relu(&x, "conv1", 1)?, "conv2", 1)?;
        let x = self.relu(&x, "conv3", 2)?;
        let x = self.relu(&self.relu(&x, "conv4", 1)?, "conv5", 1)?;
        let x = self.relu(&x, "squeeze", 1)?;
        let (count, channels, rows, columns) = x.dims4()?;
        let x = x.reshape((count, channels * rows, columns))?;
        let x = self.relu(&self.relu(&x, "line1", 1)?, "line2", 1)?;
        let _about = self.conv(&x.mean_keepdim(2)?, "about", 1)?;
        self.conv(&x, "out", 1)
    }
}

/// Each square of `block x block` pixels as channels of one.
fn squares(x: &Tensor, block: usize) -> candle_core::Result<Tensor> {
    let (count, channels, height, width) = x.dims4()?;
    x.reshape((count, channels, height / block, block, width / block, block))?
        .permute((0, 1, 3, 5, 2, 4))?
        .reshape((
            count,
            channels * block * block,
            height / block,
            width / block,
        ))
}
