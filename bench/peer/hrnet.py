"""HRNet with its projection, layer by layer as src/plugins/backbones/hrnet.ts and with its names of layers."""

from torch import nn
from torch.nn import functional as F

BOTTLENECK_EXPANSION = 4
# The presets of src/plugins/backbones/hrnet.ts; a recipe may change each value.
W18 = dict(width=18, modules=[1, 4, 3], blocks=4, stemWidth=64, narrowStem=False, bottlenecks=4, channels=256)
SMALL = dict(width=8, modules=[1, 1, 1], blocks=2, stemWidth=32, narrowStem=True, bottlenecks=1, channels=64)
PRESETS = {"w18": W18, "w32": {**W18, "width": 32}, "w48": {**W18, "width": 48}, "small": SMALL}


class ConvNorm(nn.Module):
    def __init__(self, source, target, kernel=3, stride=1, relu=False):
        super().__init__()
        self.conv = nn.Conv2d(source, target, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(target)
        self.relu = relu

    def forward(self, maps):
        maps = self.norm(self.conv(maps))
        return F.relu(maps, inplace=True) if self.relu else maps


class Block(nn.Module):
    """A residual block: convolutions `conv1`, `bn1`, ... of these kernels and widths, and a shortcut."""

    def __init__(self, source, kernels, widths):
        super().__init__()
        self.count = len(kernels)
        before = source
        for n, (kernel, width) in enumerate(zip(kernels, widths), start=1):
            self.add_module(f"conv{n}", nn.Conv2d(before, width, kernel, padding=kernel // 2, bias=False))
            self.add_module(f"bn{n}", nn.BatchNorm2d(width))
            before = width
        self.downsample = ConvNorm(source, before, kernel=1) if source != before else nn.Identity()

    def forward(self, maps):
        body = maps
        for n in range(1, self.count + 1):
            body = getattr(self, f"bn{n}")(getattr(self, f"conv{n}")(body))
            if n < self.count:
                body = F.relu(body, inplace=True)
        return F.relu(self.downsample(maps) + body, inplace=True)


def basic_block(width):
    return Block(width, (3, 3), (width, width))


def bottleneck(source, width):
    return Block(source, (1, 3, 1), (width, width, BOTTLENECK_EXPANSION * width))


def enlarge(maps, factor, mode):
    if factor == 1:
        return maps
    corners = {} if mode == "nearest" else {"align_corners": False}
    return F.interpolate(maps, scale_factor=factor, mode=mode, **corners)


class EnlargedConvNorm(ConvNorm):
    def __init__(self, source, target, factor, mode):
        super().__init__(source, target, kernel=1)
        self.factor, self.mode = factor, mode

    def forward(self, maps):
        return enlarge(super().forward(maps), self.factor, self.mode)


class Exchange(nn.Module):
    """Residual blocks on every branch, then every branch receives the sum of all."""

    def __init__(self, widths, blocks, mode):
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*(basic_block(w) for _ in range(blocks))) for w in widths)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(route(widths, source, target, mode) for source in range(len(widths)))
            for target in range(len(widths))
        )

    def forward(self, maps):
        maps = [branch(m) for branch, m in zip(self.branches, maps)]
        return [
            F.relu(sum(layer(m) for layer, m in zip(layers, maps)), inplace=True) for layers in self.fuse_layers
        ]


def route(widths, source, target, mode):
    if source == target:
        return nn.Identity()
    if source > target:
        return EnlargedConvNorm(widths[source], widths[target], 2 ** (source - target), mode)
    last = target - source - 1
    return nn.Sequential(
        *(
            ConvNorm(widths[source], widths[target if step == last else source], stride=2, relu=step != last)
            for step in range(last + 1)
        )
    )


class Transition(nn.ModuleList):
    """Fits the branches to the next stage's widths and adds a coarser one, made from the last."""

    def __init__(self, before, after):
        layers = []
        for index, width in enumerate(after):
            source = before[min(index, len(before) - 1)]
            if index >= len(before):
                layers.append(nn.Sequential(ConvNorm(source, width, stride=2, relu=True)))
            else:
                layers.append(nn.Identity() if source == width else ConvNorm(source, width, relu=True))
        super().__init__(layers)

    def forward(self, maps):
        return [layer(maps[min(index, len(maps) - 1)]) for index, layer in enumerate(self)]


class Hrnet(nn.Module):
    """Images [batch, 1, H, W] -> maps [batch, channels, H / 4, W / 4]."""

    def __init__(self, preset, upsampling, type="hrnet", **changes):
        super().__init__()
        shape = {**PRESETS[preset], **{name: value for name, value in changes.items() if value is not None}}
        stem, widths = shape["stemWidth"], [factor * shape["width"] for factor in (1, 2, 4, 8)]
        first = stem // 2 if shape["narrowStem"] else stem
        self.stem1 = ConvNorm(1, first, stride=2, relu=True)
        self.stem2 = ConvNorm(first, stem, stride=2, relu=True)
        wide = BOTTLENECK_EXPANSION * stem
        self.layer1 = nn.Sequential(
            *(bottleneck(wide if index else stem, stem) for index in range(shape["bottlenecks"]))
        )
        before = [wide]
        for index, modules in enumerate(shape["modules"]):
            after = widths[: index + 2]
            stage = nn.Sequential(*(Exchange(after, shape["blocks"], upsampling) for _ in range(modules)))
            self.add_module(f"transition{index + 1}", Transition(before, after))
            self.add_module(f"stage{index + 2}", stage)
            before = after
        self.projection = nn.ModuleList(
            nn.Conv2d(width, shape["channels"], 1, bias=branch == 0) for branch, width in enumerate(widths)
        )
        self.upsampling, self.channels = upsampling, shape["channels"]

    def forward(self, images):
        maps = [self.layer1(self.stem2(self.stem1(images)))]
        for index in range(3):
            maps = getattr(self, f"transition{index + 1}")(maps)
            maps = getattr(self, f"stage{index + 2}")(maps)
        projected = [
            enlarge(layer(m), 2**branch, self.upsampling)
            for branch, (layer, m) in enumerate(zip(self.projection, maps))
        ]
        return sum(projected[1:], projected[0])
