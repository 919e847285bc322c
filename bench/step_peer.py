"""The training step of timm's hrnet_w18 up to the concatenation on PyTorch CPU, for bench/step.ts.

Reads numbers of steps from standard input, one a line; trains so many and answers with their milliseconds as JSON.
"""

import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "test" / "fixtures"))
from stubs import stub_missing  # noqa: E402

stub_missing("torchvision", "huggingface_hub", "yaml", "safetensors")
from timm.models.hrnet import hrnet_w18  # noqa: E402

BATCH, SIZE = 2, 256
CLASSIFIER = ("incre_modules", "downsamp_modules", "final_layer", "classifier")

torch.set_num_threads(int(sys.argv[1]))
model = hrnet_w18(pretrained=False).to(memory_format=torch.channels_last).train()
trained = [p for name, p in model.named_parameters() if not name.startswith(CLASSIFIER)]
optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=1e-4, fused=True)
images = torch.randn(BATCH, 3, SIZE, SIZE).to(memory_format=torch.channels_last)


def step():
    optimizer.zero_grad(set_to_none=True)
    x = model.act1(model.bn1(model.conv1(images)))
    x = model.act2(model.bn2(model.conv2(x)))
    loss = sum(branch.square().mean() for branch in model.stages(x))
    loss.backward()
    optimizer.step()
    return loss.item()


print(json.dumps({"name": f"PyTorch {torch.__version__}, CPU, {torch.get_num_threads()} threads"}), flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"milliseconds": times}), flush=True)
