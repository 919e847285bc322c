"""The losses of a step, as src/plugins/losses/dag.ts, js-divergence.ts (over space, everywhere) and ssl/few-shot-dag.ts."""

import math

import torch
from torch.nn import functional as F
from views import inside, landmarks_into_strong_view, maps_into_strong_view

EXCLUDED = -1e4


def l1(landmarks, targets):
    return (landmarks - targets).abs().sum(2)


def weighted_mean(values, weight):
    return (values * weight).sum() / weight.sum().clamp(min=1)


def dag_loss(trajectory, targets, present, options):
    local = weighted_mean(l1(trajectory[-1], targets), present)
    beyond = F.relu(l1(trajectory[0], targets) - options["margin"])
    return options["localWeight"] * local + options["globalWeight"] * weighted_mean(beyond, present)


def js_divergence(student, teacher, valid, temperature):
    """Mean over images and channels of the divergence of softmaxes over the known places."""
    exclusion = (EXCLUDED * (1 - valid)).flatten(2)
    p, q = (F.log_softmax(maps.flatten(2) / temperature + exclusion, 2) for maps in (student, teacher))
    m = torch.logaddexp(p, q) - math.log(2)
    return 0.5 * (p.exp() * (p - m) + q.exp() * (q - m)).sum(2).mean()


@torch.no_grad()
def teach(teacher, unlabeled, mean_shape):
    """What the teacher finds in the weak views, as it must look in the strong ones."""
    features, trajectory = teacher(unlabeled["weak"], mean_shape)
    targets = landmarks_into_strong_view(trajectory[-1], unlabeled)
    maps, valid = maps_into_strong_view(features, unlabeled)
    return {"targets": targets, "weight": inside(targets), "features": maps, "valid": valid}


def supervised_loss(student, labeled, mean_shape, stage):
    _, trajectory = student(labeled["images"], mean_shape)
    return dag_loss(trajectory, labeled["landmarks"], labeled["present"], stage["loss"])


def few_shot_loss(student, labeled, unlabeled, lesson, mean_shape, stage):
    options, count = stage["ssl"], labeled["images"].shape[0]
    features, trajectory = student(torch.cat([labeled["images"], unlabeled["strong"]]), mean_shape)
    of_labeled = [landmarks[:count] for landmarks in trajectory]
    supervised = dag_loss(of_labeled, labeled["landmarks"], labeled["present"], stage["loss"])
    ssl = weighted_mean(l1(trajectory[-1][count:], lesson["targets"]), lesson["weight"])
    temperature = options["featureLoss"]["temperature"]
    js = js_divergence(features[count:], lesson["features"], lesson["valid"], temperature)
    return supervised + options["sslWeight"] * ssl + options["jsWeight"] * js
