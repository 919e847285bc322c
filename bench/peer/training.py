"""The training step of a problem, as src/core/training/step.ts, the way PyTorch is used well on a CPU."""

import copy

import torch
from losses import few_shot_loss, supervised_loss, teach


class Trainer:
    """Student and teacher, AdamW, and a batch that every step learns from."""

    def __init__(self, problem, variant):
        self.stage = problem.stage
        self.mean_shape = problem.tensors["meanShape"]
        self.labeled, self.unlabeled = problem.group("labeled"), problem.group("unlabeled")
        self.student = problem.model().train()
        self.teacher = copy.deepcopy(self.student).eval().requires_grad_(False)
        self.optimizer = adamw(self.student, self.stage)
        self.bf16 = variant.endswith("bf16")
        compiled = torch.compile if variant.startswith("compile") else lambda function: function
        self.teach = compiled(self._teach)
        self.loss = compiled(self._loss)

    def step(self):
        """Loss and length of the gradient."""
        self.optimizer.zero_grad(set_to_none=True)
        lesson = self.teach() if self.unlabeled else None
        loss = self.loss(lesson)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.student.parameters(), self.stage["clipNorm"])
        self.optimizer.step()
        self.follow()
        return loss.item(), norm.item()

    def _teach(self):
        with self.precision():
            return teach(self.teacher, self.unlabeled, self.mean_shape)

    def _loss(self, lesson):
        with self.precision():
            if lesson is None:
                return supervised_loss(self.student, self.labeled, self.mean_shape, self.stage)
            return few_shot_loss(
                self.student, self.labeled, self.unlabeled, lesson, self.mean_shape, self.stage
            )

    def precision(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.bf16)

    @torch.no_grad()
    def follow(self):
        """The teacher is the moving average of the student, batch-norm statistics included."""
        share = 1 - self.stage["ema"]["decay"]
        torch._foreach_lerp_(state(self.teacher), state(self.student), share)


def state(model):
    return [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.is_floating_point()]


def adamw(model, stage):
    options, parameters = stage["optimizer"], dict(model.named_parameters())
    kernels = [name for name, p in parameters.items() if name.endswith(".weight") and p.dim() > 1]
    others = [name for name in parameters if name not in set(kernels)]
    groups = [
        {"params": [parameters[name] for name in kernels], "weight_decay": options["weightDecay"]},
        {"params": [parameters[name] for name in others], "weight_decay": 0.0},
    ]
    betas = (options["beta1"], options["beta2"])
    return torch.optim.AdamW(groups, lr=stage["learningRate"], betas=betas, eps=options["epsilon"], fused=True)
