"""Landmarks of images by the twin in inference mode."""

import io

import torch


def predictor(problem, variant, threads):
    model, mean_shape = problem.model().eval(), problem.tensors["meanShape"]
    images = problem.group("labeled")["images"]
    if variant == "onnxruntime":
        return onnx_predictor(model, images, mean_shape, threads)
    landmarks = torch.compile(landmarks_of) if variant.startswith("compile") else landmarks_of

    def run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=variant.endswith("bf16")):
            return landmarks(model, images, mean_shape)

    return run


def landmarks_of(model, images, mean_shape):
    return model(images, mean_shape)[1][-1]


def onnx_predictor(model, images, mean_shape, threads):
    import onnxruntime

    file = io.BytesIO()
    module = Landmarks(model, mean_shape).eval()
    torch.onnx.export(module, (images.contiguous(),), dynamo=True, verbose=False).save(file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: images.contiguous().numpy()}
    return lambda: session.run(None, inputs)[0]


class Landmarks(torch.nn.Module):
    def __init__(self, model, mean_shape):
        super().__init__()
        self.model = model
        self.register_buffer("mean_shape", mean_shape)

    def forward(self, images):
        return landmarks_of(self.model, images, self.mean_shape)
