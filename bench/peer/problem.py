"""The file in which bench/problem/problem.ts says what is trained: recipe, first weights, batch."""

import json
from dataclasses import dataclass

import torch
from dag import Dag
from hrnet import Hrnet
from safetensors import safe_open
from torch import nn

WORDS = {"kernel": "weight", "scale": "weight", "offset": "bias", "mean": "running_mean", "variance": "running_var"}


class Twin(nn.Module):
    """The model of the recipe. Images [batch, 1, H, W] -> features, estimates of landmarks."""

    def __init__(self, recipe, landmarks):
        super().__init__()
        backbone, head = recipe["model"]["backbone"], recipe["model"]["head"]
        self.backbone = Hrnet(**backbone)
        self.head = Dag(landmarks, self.backbone.channels, **head)

    def forward(self, images, mean_shape):
        features = self.backbone(images).float()
        with torch.autocast("cpu", enabled=False):
            return features, self.head(features, mean_shape)


@dataclass
class Problem:
    recipe: dict
    stage: dict
    # Our names -> tensors in our order of axes.
    tensors: dict

    def model(self):
        landmarks = self.tensors["meanShape"].shape[0]
        model = Twin(self.recipe, landmarks)
        weights = {}
        for name, tensor in self.tensors.items():
            kind, _, path = name.replace(".global.", ".placing.").partition("/")
            if kind in ("parameters", "statistics"):
                layer, _, word = path.rpartition(".")
                published = published_order(tensor) if word == "kernel" else tensor
                weights[f"{layer}.{WORDS.get(word, word)}"] = published
        wanted = {name for name in model.state_dict() if not name.endswith("num_batches_tracked")}
        if wanted != weights.keys():
            raise ValueError(f"other weights than the twin's: {sorted(wanted ^ weights.keys())}")
        model.load_state_dict(weights, strict=False)
        return model.to(memory_format=torch.channels_last)

    def group(self, prefix):
        """The tensors of a part of the batch, images as [batch, 1, H, W]."""
        start = f"{prefix}/"
        named = {name[len(start) :]: tensor for name, tensor in self.tensors.items() if name.startswith(start)}
        return {name: channels_first(t) if name in ("images", "weak", "strong") else t for name, t in named.items()}


def read_problem(path):
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    return Problem(json.loads(metadata["recipe"]), json.loads(metadata["stage"]), tensors)


def published_order(tensor):
    """[height, width, input, output] -> [output, input, height, width]; [from, to] -> [to, from]."""
    return tensor.permute(3, 2, 0, 1) if tensor.dim() == 4 else tensor.t()


def channels_first(images):
    return images.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
