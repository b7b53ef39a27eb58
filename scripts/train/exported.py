"""Runs the exported weights (batch norm folded) in plain PyTorch operations: the reference for other implementations."""

import os

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../models")


class Exported:
    def __init__(self, tensors: dict[str, torch.Tensor]):
        self.tensors = {name: tensor.float() for name, tensor in tensors.items()}

    @classmethod
    def load(cls, path: str):
        return cls(load_file(path))

    def conv(self, name: str, x: torch.Tensor, stride: int = 1) -> torch.Tensor:
        weight = self.tensors[f"{name}.weight"]
        return F.conv2d(x, weight, self.tensors[f"{name}.bias"], stride, weight.shape[-1] // 2)

    def line(self, name: str, x: torch.Tensor) -> torch.Tensor:
        weight = self.tensors[f"{name}.weight"]
        return F.conv1d(x, weight, self.tensors[f"{name}.bias"], 1, weight.shape[-1] // 2)


class Detector(Exported):
    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv("stem", F.pixel_unshuffle(x, 4)))
        c8 = F.relu(self.conv("body8", F.relu(self.conv("down8", x, 2))))
        c16 = F.relu(self.conv("down16", c8, 2))
        c16 = F.relu(self.conv("body16b", F.relu(self.conv("body16a", c16))))
        c32 = F.relu(self.conv("down32", c16, 2))
        c32 = F.relu(self.conv("body32b", F.relu(self.conv("body32a", c32))))
        p16 = self.conv("lateral16", c16) + F.interpolate(self.conv("lateral32", c32), scale_factor=2, mode="nearest")
        p8 = F.relu(self.conv("lateral8", c8) + F.interpolate(p16, scale_factor=2, mode="nearest"))
        return self.conv("out", F.relu(self.conv("head", p8)))


class Reader(Exported):
    def __call__(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = F.relu(self.conv("conv1", F.pixel_unshuffle(x, 2)))
        x = F.relu(self.conv("conv2", x))
        x = F.relu(self.conv("conv3", x, 2))
        x = F.relu(self.conv("conv5", F.relu(self.conv("conv4", x))))
        x = F.relu(self.conv("squeeze", x))
        x = x.reshape(x.shape[0], 480, x.shape[3])
        x = F.relu(self.line("line2", F.relu(self.line("line1", x))))
        return self.line("out", x), self.line("about", x.mean(2, keepdim=True)).squeeze(2)


def detector(folder: str = MODELS) -> Detector:
    return Detector.load(os.path.join(folder, "plate-detector.safetensors"))


def reader(folder: str = MODELS) -> Reader:
    return Reader.load(os.path.join(folder, "plate-reader.safetensors"))
