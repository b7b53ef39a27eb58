"""The two networks, and everything a reader of this file needs to run them elsewhere.

Both are plain CNNs: dense convolutions with bias, ReLU, nothing grouped, no batch norm after export (it is folded into the
convolution before it). Every exported layer L has exactly two tensors, `L.weight` and `L.bias`, in PyTorch's layout:
Conv2d [out, in, kh, kw], Conv1d [out, in, k]. "3x3" means kernel 3, padding 1; "1x1" means kernel 1, padding 0.
Padding is with zeros. All tensors are NCHW.

Grey (both networks): g = 0.299 R + 0.587 G + 0.114 B on 0..255, not rounded or rounded (it makes no difference that matters).

PLATE DETECTOR (`PlateDetector`)
  Two passes over a frame: at LONG_SIDE for far plates, at NEAR_LONG_SIDE (an eighth of the cost) for near ones, whose extent
    is beyond what the network sees at once in the fine pass. Then a close look at each candidate (below).
  Pre-processing of a pass: scale s = min(side / max(w, h), 2). Network size nw = round(w s), nh = round(h s) (round half up).
    Shrink by area averaging (each output pixel is the mean of the rectangle it covers), enlarge bilinearly with aligned
    edges. x = g / 127.5 - 1. Pad right and bottom with 0.0 (after this normalisation) to a multiple of 32. In the near pass of
    a picture whose longer side is under 400, which may be a crop of a plate, b = round(0.15 max(nw, nh)) pixels of 0.0 come
    first on all four sides; b = 0 otherwise. The axes scale by sx = nw / w and sy = nh / h.
  Layers (input [N, 1, H, W]; stride in front of the line):
     4  space-to-depth 4: [N, 16, H/4, W/4], channel dy*4+dx is pixel (4i+dy, 4j+dx)
     4  stem    16->32   3x3 stride 1, ReLU
     8  down8   32->64   3x3 stride 2, ReLU
     8  body8   64->64   3x3 stride 1, ReLU              -> c8
    16  down16  64->96   3x3 stride 2, ReLU
    16  body16a 96->96   3x3 stride 1, ReLU
    16  body16b 96->96   3x3 stride 1, ReLU              -> c16
    32  down32  96->128  3x3 stride 2, ReLU
    32  body32a 128->128 3x3 stride 1, ReLU
    32  body32b 128->128 3x3 stride 1, ReLU              -> c32
    32  lateral32 128->64 1x1, no ReLU                   -> p32
    16  lateral16 96->64  1x1, no ReLU; p16 = lateral16(c16) + up2(p32)     (up2: nearest, every pixel doubled)
     8  lateral8  64->64  1x1, no ReLU; p8 = ReLU(lateral8(c8) + up2(p16))
     8  head    64->64   3x3 stride 1, ReLU
     8  out     64->9    1x1, no ReLU                    -> [N, 9, H/8, W/8]
  Output: channel 0 is the centre logit; channels 1..8 are x0 y0 x1 y1 x2 y2 x3 y3, the four corners clockwise from the
    plate's top-left, relative to the cell's centre, in units of 8 network pixels.
  Post-processing: p = sigmoid(channel 0). A peak is a cell with p >= threshold that is >= all of its (up to) 8 neighbours.
    Corner k of cell (row i, column j): x = (((j + 0.5) + x_k) * 8 - b) / sx, y = (((i + 0.5) + y_k) * 8 - b) / sy, in frame
    coordinates where a pixel's centre lies at +0.5. Greedy suppression by p over the peaks of both passes: drop a peak whose
    axis-aligned bounding box overlaps a kept one with IoU > nms_iou, or where more than 0.7 of the smaller of the two boxes lies
    in the other (the fine pass sees parts of a near plate).

PLATE READER (`PlateReader`)
  Pre-processing: perspective rectification of the four corners to READER_HEIGHT x READER_WIDTH with a margin. For output
    pixel (row v, column u): a = (u + 0.5) / READER_WIDTH * (1 + 2 mx) - mx, b = (v + 0.5) / READER_HEIGHT * (1 + 2 my) - my,
    where (mx, my) is the margin as a part of the plate's width and height; the homography that takes the unit square
    (0,0) (1,0) (1,1) (0,1) to the four corners takes (a, b) to the frame point (x, y); sample the grey frame bilinearly
    at (x - 0.5, y - 0.5), coordinates clamped to the frame. Against aliasing: n = clamp(ceil(max(longer horizontal plate
    side / READER_WIDTH, longer vertical plate side / READER_HEIGHT)), 1, 4), and an output pixel is the mean of n x n samples at
    u + (i + 0.5) / n, v + (j + 0.5) / n instead of at u + 0.5, v + 0.5.
    Then standardise the crop: x = (g - mean) / max(std, 8), mean and population standard deviation over the crop.
  Layers (input [N, 1, 40, 144]):
     space-to-depth 2: [N, 4, 20, 72], channel dy*2+dx is pixel (2i+dy, 2j+dx)
     conv1   4->48   3x3 stride 1, ReLU
     conv2   48->64  3x3 stride 1, ReLU
     conv3   64->96  3x3 stride 2, ReLU                  [N, 96, 10, 36]
     conv4   96->96  3x3 stride 1, ReLU
     conv5   96->96  3x3 stride 1, ReLU
     squeeze 96->48  1x1, ReLU                           [N, 48, 10, 36]
     reshape to [N, 480, 36] (channel c*10 + row; a plain reshape of NCHW)
     line1   480->256 Conv1d k=3 padding 1, ReLU
     line2   256->256 Conv1d k=5 padding 2, ReLU
     out     256->37  Conv1d k=1, no ReLU                [N, 37, 36]
     about   256->48  over the mean of line2's 36 steps, no ReLU   [N, 48]: a logit for each of REGIONS, then one for "two rows"
  Output: logits over 37 classes for 36 time steps, left to right; class 0 is the CTC blank, 1..10 are '0'..'9', 11..36 are
    'A'..'Z'. Post-processing: softmax over classes; greedy: best class per step, merge repeats, drop blanks;
    a character's probability is the highest softmax value of its class in its run. Candidates: CTC prefix beam search.
    US plates are trained with 0 for the letter O: compare with O = 0. The exported `out` is divided by the temperature that
    fits its probabilities to the validation set (export.py), so a softmax over it is calibrated; so is `about`.
  Two rows: where the crop of the whole plate says "two rows", its rows are read as two more crops by the same layers: row 0 is
    the upper ROW_SHARE of the plate's height, row 1 the lower ROW_SHARE (the corners cut by the plate's homography, then margins
    as above). The text is the steps of row 0, one step of blank, the steps of row 1.
"""

import torch
from torch import nn
import torch.nn.functional as F

LONG_SIDE = 768
NEAR_LONG_SIDE = 256
STRIDE = 8
CLOSE_LOOK = (256, 160)
CLOSE_PLATE = (100.0, 90.0)
READER_HEIGHT = 40
READER_WIDTH = 144
READER_STEPS = READER_WIDTH // 4
MARGIN_X = 0.06
MARGIN_Y = 0.12
ROW_SHARE = 0.56
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
REGIONS = (
    "at ba be bg by ch cz de dk ee es fi fr gb gr hr hu ie it lt lu lv md mk nl no pl pt ro rs ru se si sk tr ua "
    "us ca mx br br-mercosur ar cl co in cn other"
).split()


def _conv(c_in: int, c_out: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out))


def _line(c_in: int, c_out: int, kernel: int) -> nn.Sequential:
    conv = nn.Conv1d(c_in, c_out, kernel, 1, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(c_out))


class PlateDetector(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = _conv(16, 32)
        self.down8 = _conv(32, 64, stride=2)
        self.body8 = _conv(64, 64)
        self.down16 = _conv(64, 96, stride=2)
        self.body16a = _conv(96, 96)
        self.body16b = _conv(96, 96)
        self.down32 = _conv(96, 128, stride=2)
        self.body32a = _conv(128, 128)
        self.body32b = _conv(128, 128)
        self.lateral32 = nn.Conv2d(128, 64, 1)
        self.lateral16 = nn.Conv2d(96, 64, 1)
        self.lateral8 = nn.Conv2d(64, 64, 1)
        self.head = _conv(64, 64)
        self.out = nn.Conv2d(64, 9, 1)
        with torch.no_grad():
            self.out.bias[0] = -4.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.pixel_unshuffle(x, 4)
        x = F.relu(self.stem(x))
        c8 = F.relu(self.body8(F.relu(self.down8(x))))
        c16 = F.relu(self.down16(c8))
        c16 = F.relu(self.body16b(F.relu(self.body16a(c16))))
        c32 = F.relu(self.down32(c16))
        c32 = F.relu(self.body32b(F.relu(self.body32a(c32))))
        p16 = self.lateral16(c16) + F.interpolate(self.lateral32(c32), scale_factor=2, mode="nearest")
        p8 = F.relu(self.lateral8(c8) + F.interpolate(p16, scale_factor=2, mode="nearest"))
        return self.out(F.relu(self.head(p8)))


class PlateReader(nn.Module):
    def __init__(self, dropout: float = 0.1):
        super().__init__()
        self.conv1 = _conv(4, 48)
        self.conv2 = _conv(48, 64)
        self.conv3 = _conv(64, 96, stride=2)
        self.conv4 = _conv(96, 96)
        self.conv5 = _conv(96, 96)
        self.squeeze = _conv(96, 48, kernel=1)
        self.line1 = _line(480, 256, 3)
        self.line2 = _line(256, 256, 5)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Conv1d(256, 1 + len(ALPHABET), 1)
        self.about = nn.Conv1d(256, len(REGIONS) + 1, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = F.pixel_unshuffle(x, 2)
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = F.relu(self.conv3(x))
        x = F.relu(self.conv5(F.relu(self.conv4(x))))
        x = F.relu(self.squeeze(x))
        x = x.reshape(x.shape[0], 480, x.shape[3])
        x = F.relu(self.line2(F.relu(self.line1(x))))
        x = self.drop(x)
        return self.out(x), self.about(x.mean(2, keepdim=True)).squeeze(2)


def folded(model: nn.Module) -> dict[str, torch.Tensor]:
    """The model's exported tensors: batch norm folded into the convolution before it, names as in the docstring above."""
    tensors = {}
    for name, layer in model.named_children():
        if isinstance(layer, nn.Sequential):
            conv, norm = layer[0], layer[1]
            factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            shape = (-1,) + (1,) * (conv.weight.dim() - 1)
            tensors[f"{name}.weight"] = (conv.weight * factor.view(shape)).detach().contiguous()
            tensors[f"{name}.bias"] = (norm.bias - norm.running_mean * factor).detach().contiguous()
        elif isinstance(layer, (nn.Conv1d, nn.Conv2d)):
            tensors[f"{name}.weight"] = layer.weight.detach().contiguous()
            tensors[f"{name}.bias"] = layer.bias.detach().contiguous()
    return tensors
