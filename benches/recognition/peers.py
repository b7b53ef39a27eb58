"""One network in onnxruntime or tract, on one thread, behind pipes: floats in, "NANOSECONDS COUNT" and floats out.

    python peers.py onnxruntime|tract FILE.onnx
"""

import sys
import time

import numpy as np


def onnxruntime_net(file):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda x: session.run(names, {"input": x})[0]


def tract_net(file):
    import tract

    runnable = tract.onnx().load(file).into_model().into_runnable()
    return lambda x: runnable.run([x])[0].to_numpy()


def main():
    engine, file = sys.argv[1:]
    import onnx

    shape = [side.dim_value for side in onnx.load(file).graph.input[0].type.tensor_type.shape.dim]
    net = {"onnxruntime": onnxruntime_net, "tract": tract_net}[engine](file)
    answer = sys.stdout.buffer
    answer.write(b"ready\n")
    answer.flush()
    while True:
        bytes_in = sys.stdin.buffer.read(4 * int(np.prod(shape)))
        if not bytes_in:
            return
        x = np.frombuffer(bytes_in, np.float32).reshape(shape)
        began = time.process_time_ns()
        output = net(x)
        took = time.process_time_ns() - began
        output = np.ascontiguousarray(output, np.float32)
        answer.write(f"{took} {output.size}\n".encode() + output.tobytes())
        answer.flush()


main()
