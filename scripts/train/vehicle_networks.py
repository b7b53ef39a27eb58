"""The two networks of a vehicle's look: its type and its colour. Exported as networks.py says (batch norm folded, f16).

CROP (both networks)
  A square of the frame, centre (cx, cy) and side s in frame pixels (a pixel's centre lies at +0.5), seen at 80 x 80 in RGB. Output
  pixel (row v, column u) is the mean of n x n bilinear samples at x = cx - s/2 + (u + (i + 0.5)/n) s/80, likewise y, sampled at
  (x - 0.5, y - 0.5) with coordinates clamped to the frame; n = clamp(ceil(s / 80), 1, 4). Pixels whose (unshifted) middle
  x, y lies outside the frame are filled with FILL = 127.5. Input values: v / 127.5 - 1, so the fill is 0.
  A picture that is itself a vehicle's crop: the square around its middle with its longer side.
  At a gate there is a plate and no vehicle's box: the crop comes from the plate's corners. Let w be the mean of the plate's two
  sides across, h of the two down. The plate's kind is long (0.52 x 0.11 m) if w / h > 3.2, else short (0.305 x 0.155 m); a metre is
  m = sqrt(w h / (width x height of the kind)) pixels. The crop's side is METRES x m, its middle lies ABOVE x side above the plate's.
  Type looks at two crops of 2.4 and 3.6 m and averages their probabilities; colour looks at the one of 2.2 m.

VEHICLE TYPE (`VehicleType`), input [N, 3, 80, 80]
     space-to-depth 4: [N, 48, 20, 20], channel c*16 + dy*4 + dx is pixel (4i+dy, 4j+dx) of colour c (R, G, B)
     stem   48->48  3x3 stride 1, ReLU
     down1  48->64  3x3 stride 2, ReLU                   [N, 64, 10, 10]
     body1a 64->64  3x3 stride 1, ReLU
     body1b 64->64  3x3 stride 1, ReLU
     down2  64->96  3x3 stride 2, ReLU                   [N, 96, 5, 5]
     body2  96->96  3x3 stride 1, ReLU
     wide   96->128 3x3 stride 1, ReLU
     mean over the 5 x 5 cells                           [N, 128, 1, 1]
     out    128->7  1x1, no ReLU
  Output: logits of CLASSES; softmax. The type is a sum of classes (TYPES).

VEHICLE COLOUR (`VehicleColour`), input [N, 3, 40, 40]: the mean of each 2 x 2 square of the 80 x 80 crop
     space-to-depth 2: [N, 12, 20, 20], channel c*4 + dy*2 + dx
     conv1  12->32  3x3 stride 1, ReLU
     conv2  32->32  3x3 stride 1, ReLU
     conv3  32->48  3x3 stride 2, ReLU                   [N, 48, 10, 10]
     conv4  48->48  3x3 stride 1, ReLU
     out    48->9   1x1, no ReLU                         [N, 9, 10, 10]
  Output: channel 8 is how much a cell counts: its softmax over the 100 cells weighs the cells' 8 colour logits (COLOURS), whose
  weighted sum goes through softmax. A crop without colour (all its pixels grey: an infra-red or black-and-white camera) has no colour.

Softmax of both: logits divided by the temperature in models.toml, fitted on held-back crops.
"""

import torch
from torch import nn
import torch.nn.functional as F

from networks import _conv

SIDE = 80
COLOUR_SIDE = 40
CLASSES = ["car", "pickup", "van", "truck", "lorry", "bus", "motorcycle"]
TYPES = {"car": ["car"], "van": ["van"], "truck": ["pickup", "truck", "lorry"], "bus": ["bus"], "motorcycle": ["motorcycle"]}
COLOURS = ["white", "grey", "black", "red", "blue", "green", "yellow", "brown"]
TYPE_METRES = [2.4, 3.6]
COLOUR_METRES = 2.2
ABOVE = 0.2


class VehicleType(nn.Module):
    def __init__(self, dropout: float = 0.2):
        super().__init__()
        self.stem = _conv(48, 48)
        self.down1 = _conv(48, 64, stride=2)
        self.body1a = _conv(64, 64)
        self.body1b = _conv(64, 64)
        self.down2 = _conv(64, 96, stride=2)
        self.body2 = _conv(96, 96)
        self.wide = _conv(96, 128)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Conv2d(128, len(CLASSES), 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.stem(F.pixel_unshuffle(x, 4)))
        x = F.relu(self.down1(x))
        x = F.relu(self.body1b(F.relu(self.body1a(x))))
        x = F.relu(self.down2(x))
        x = F.relu(self.wide(F.relu(self.body2(x))))
        x = x.mean((2, 3), keepdim=True)
        return self.out(self.drop(x)).flatten(1)


class VehicleColour(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = _conv(12, 32)
        self.conv2 = _conv(32, 32)
        self.conv3 = _conv(32, 48, stride=2)
        self.conv4 = _conv(48, 48)
        self.out = nn.Conv2d(48, len(COLOURS) + 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv2(F.relu(self.conv1(F.pixel_unshuffle(x, 2)))))
        x = self.out(F.relu(self.conv4(F.relu(self.conv3(x)))))
        return pooled(x)


def pooled(x: torch.Tensor) -> torch.Tensor:
    """The colour logits [N, 8] of the output plane [N, 9, H, W]."""
    weights = x[:, 8].flatten(1).softmax(1)
    return (x[:, :8].flatten(2) * weights[:, None]).sum(2)
