"""From the weak view of an image to the strong one, as src/core/training/view-change.ts."""

import torch
from dag import sample
from torch.nn import functional as F

INVERSION_STEPS = 8
LAST_ROW = [0.0, 0.0, 1.0]


def transform(points, matrices):
    return points @ matrices[:, :, :2].transpose(1, 2) + matrices[:, None, :, 2]


def shift_at(displacement, places):
    nodes = displacement.shape[1]
    return sample(displacement.permute(0, 3, 1, 2), places * ((nodes - 1) / nodes) + 0.5 / nodes)


def landmarks_into_strong_view(landmarks, unlabeled):
    moved = transform(unlabeled["permutation"] @ landmarks, unlabeled["weakToStrong"])
    if "displacement" not in unlabeled:
        return moved
    place = moved
    for _ in range(INVERSION_STEPS):
        place = moved - shift_at(unlabeled["displacement"], place)
    return place


def inside(points):
    return ((points > 0) & (points < 1)).all(2).float()


def maps_into_strong_view(maps, unlabeled):
    """Maps [batch, channels, h, w] carried along, and [batch, 1, h, w]: 1 where they come from inside."""
    maps, valid = warp_affine(maps, unlabeled["weakToStrong"])
    if "displacement" not in unlabeled:
        return maps, valid
    batch, _, height, width = maps.shape
    centres = pixel_centres(height, width).expand(batch, -1, -1)
    sources = centres + shift_at(unlabeled["displacement"], centres)
    grid = (2 * sources - 1).view(batch, height, width, 2)
    read = lambda source: F.grid_sample(source, grid, padding_mode="border", align_corners=False)  # noqa: E731
    known = (read(valid) > 0.999).float() * inside(sources).view(batch, 1, height, width)
    return read(maps), known


def warp_affine(maps, matrices):
    """Bilinear, zero outside."""
    batch, _, height, width = maps.shape
    square = torch.cat([matrices, matrices.new_tensor(LAST_ROW).expand(batch, 1, 3)], 1)
    # The matrices act on [0, 1], a grid on [-1, 1].
    to_unit = matrices.new_tensor([[0.5, 0, 0.5], [0, 0.5, 0.5], LAST_ROW])
    inverse = torch.linalg.inv(to_unit) @ torch.linalg.inv(square) @ to_unit
    grid = F.affine_grid(inverse[:, :2], (batch, 1, height, width), align_corners=False)
    warped = F.grid_sample(maps, grid, align_corners=False)
    whole = F.grid_sample(maps.new_ones(batch, 1, height, width), grid, align_corners=False)
    return warped, (whole > 0.999).float()


def pixel_centres(height, width):
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1).unsqueeze(0)
