"""The deep adaptive graph head, as src/core/nn/landmark-graph.ts. Its `global` is `placing`: the other is no name in Python."""

import torch
from torch import nn
from torch.nn import functional as F

SMALLEST_DENOMINATOR = 0.25


def sample(maps, points):
    """Maps [batch, channels, h, w] read bilinearly at points [batch, points, 2] in [0, 1]: [batch, points, channels]."""
    grid = (2 * points - 1).unsqueeze(2)
    read = F.grid_sample(maps, grid, padding_mode="border", align_corners=False)
    return read.squeeze(3).transpose(1, 2)


class GraphConvolution(nn.Module):
    def __init__(self, source, target):
        super().__init__()
        self.self = nn.Linear(source, target)
        self.neighbours = nn.Linear(source, target, bias=False)

    def forward(self, nodes, edges):
        return self.self(nodes) + edges @ self.neighbours(nodes)


class GraphBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = GraphConvolution(channels, channels)
        self.conv2 = GraphConvolution(channels, channels)

    def forward(self, nodes, edges):
        return F.relu(nodes + self.conv2(F.relu(self.conv1(nodes, edges)), edges))


class GraphNetwork(nn.Module):
    def __init__(self, landmarks, channels, hidden, blocks, outputs):
        super().__init__()
        self.edges = nn.Parameter(torch.full((landmarks, landmarks), 1 / landmarks))
        self.first = GraphConvolution(channels, hidden)
        self.blocks = nn.ModuleList(GraphBlock(hidden) for _ in range(blocks))
        self.last = nn.Linear(hidden, outputs)

    def body(self, nodes):
        nodes = F.relu(self.first(nodes, self.edges))
        for block in self.blocks:
            nodes = block(nodes, self.edges)
        return nodes


class Dag(nn.Module):
    """Maps [batch, channels, h, w] -> estimates of landmarks [batch, landmarks, 2], coarse to fine."""

    def __init__(self, landmarks, channels, hidden, blocks, localSteps, type="dag", uncertainty=False, **rest):
        super().__init__()
        if uncertainty or not rest.get("global", True):
            raise ValueError("the twin has the global network and no uncertainty")
        self.steps = localSteps
        width = channels + 2 * landmarks
        self.placing = GraphNetwork(landmarks, width, hidden, blocks, outputs=9)
        self.local = GraphNetwork(landmarks, width, hidden, blocks, outputs=2)
        self.register_buffer("identity", torch.eye(3), persistent=False)

    def forward(self, features, mean_shape):
        shape = mean_shape.expand(features.shape[0], -1, -1)
        trajectory = [self.place(features, shape)]
        for _ in range(self.steps):
            landmarks = trajectory[-1]
            nodes = self.local.body(node_features(features, landmarks))
            trajectory.append(landmarks + 0.5 * self.local.last(nodes))
        return trajectory

    def place(self, features, shape):
        """By a perspective transform around the centroid."""
        pooled = self.placing.body(node_features(features, shape)).mean(1)
        matrix = self.placing.last(pooled).view(-1, 3, 3) + self.identity
        centroid = shape.mean(1, keepdim=True)
        points = F.pad(shape - centroid, (0, 1), value=1.0) @ matrix.transpose(1, 2)
        return points[..., :2] / points[..., 2:].clamp(min=SMALLEST_DENOMINATOR) + centroid


def node_features(features, landmarks):
    displacements = 2 * (landmarks.unsqueeze(1) - landmarks.unsqueeze(2))
    return torch.cat([sample(features, landmarks), displacements.flatten(2)], 2)
