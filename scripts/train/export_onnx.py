"""Writes the exported networks as ONNX, for measurements against other engines: models/*.safetensors in, *.onnx out.

    python scripts/train/export_onnx.py MODELS OUT

Needs onnx, onnxruntime, safetensors and numpy, no PyTorch. The layers stand here once more, as networks.py and
shared/vision list them; each file is checked against the golden output before it counts.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

TOLERANCE = 1e-3


class Net:
    """A graph under construction over the weights of a file."""

    def __init__(self, weights):
        self.weights = {name: value.astype(np.float32) for name, value in weights.items()}
        self.nodes, self.constants, self.names = [], [], 0

    def add(self, kind, inputs, **attributes):
        self.names += 1
        output = f"v{self.names}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def conv(self, x, name, stride=1, relu=True):
        """A convolution as the file has it: square, or along a line; zeros half a kernel wide around its input."""
        weight = self.weights[f"{name}.weight"]
        sides = list(weight.shape[2:])
        inputs = [
            x,
            self.constant(f"{name}.weight", weight),
            self.constant(f"{name}.bias", self.weights[f"{name}.bias"]),
        ]
        pads = [side // 2 for side in sides] * 2
        x = self.add("Conv", inputs, kernel_shape=sides, pads=pads, strides=[stride] * len(sides))
        return self.add("Relu", [x]) if relu else x

    def doubled(self, x):
        scales = self.constant(f"scales{self.names}", np.array([1, 1, 2, 2], np.float32))
        return self.add(
            "Resize", [x, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
        )

    def model(self, shape, **outputs):
        """The model with the given shape of its input, and its outputs by name, each with its rank."""
        value = lambda name, sides: helper.make_tensor_value_info(name, TensorProto.FLOAT, sides)
        results = []
        for name, (output, rank) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [output], [name]))
            results.append(value(name, [None] * rank))
        graph = helper.make_graph(self.nodes, "net", [value("input", shape)], results, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        return model


def detector(weights, shape):
    net = Net(weights)
    x = net.add("SpaceToDepth", ["input"], blocksize=4)
    x = net.conv(x, "stem")
    c8 = net.conv(net.conv(x, "down8", stride=2), "body8")
    c16 = net.conv(net.conv(net.conv(c8, "down16", stride=2), "body16a"), "body16b")
    c32 = net.conv(net.conv(net.conv(c16, "down32", stride=2), "body32a"), "body32b")
    p32 = net.conv(c32, "lateral32", relu=False)
    p16 = net.add("Add", [net.conv(c16, "lateral16", relu=False), net.doubled(p32)])
    p8 = net.add("Relu", [net.add("Add", [net.conv(c8, "lateral8", relu=False), net.doubled(p16)])])
    return net.model(shape, output=(net.conv(net.conv(p8, "head"), "out", relu=False), 4))


def reader(weights, shape):
    net = Net(weights)
    x = net.add("SpaceToDepth", ["input"], blocksize=2)
    x = net.conv(net.conv(x, "conv1"), "conv2")
    x = net.conv(x, "conv3", stride=2)
    x = net.conv(net.conv(net.conv(x, "conv4"), "conv5"), "squeeze")
    line = net.constant("line", np.array([shape[0], -1, shape[3] // 4], np.int64))
    x = net.add("Reshape", [x, line])
    x = net.conv(net.conv(x, "line1"), "line2")
    about = net.conv(net.add("ReduceMean", [x], axes=[2], keepdims=1), "about", relu=False)
    return net.model(shape, output=(net.conv(x, "out", relu=False), 3), about=(about, 3))


def main():
    models, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for name, build, frame in [
        ("plate-detector", detector, [1, 1, 448, 768]),
        ("plate-reader", reader, [1, 1, 40, 144]),
    ]:
        weights = load_file(models / f"{name}.safetensors")
        golden = load_file(models / "golden" / f"{name}.safetensors")
        session = onnxruntime.InferenceSession(
            build(weights, list(golden["input"].shape)).SerializeToString(), providers=["CPUExecutionProvider"]
        )
        names = [output.name for output in session.get_outputs()]
        found = session.run(names, {"input": golden["input"].astype(np.float32)})
        difference = max(
            float(np.abs(values.reshape(-1) - golden[name].reshape(-1)).max()) for name, values in zip(names, found)
        )
        if difference > TOLERANCE:
            sys.exit(f"{name}: the ONNX graph is not the network: it differs by {difference} from the golden output")
        onnx.save(build(weights, frame), out / f"{name}.onnx")
        print(f"{out / name}.onnx, {difference:.1e} from the golden output")


main()
