"""A peer of fsx: does one task as often as it is told to, on PyTorch or ONNX Runtime.

    serve.py TASK VARIANT THREADS [PROBLEM]

TASK is train, predict, multiply or count; VARIANT is eager or compile, with -bf16 behind it for mixed precision, or
onnxruntime to predict. Answers in lines of JSON: first with its name, then to each number read from standard input with
the milliseconds of so many repetitions, and with what came out.
"""

import json
import sys
import time

import torch

MATRIX = 2048


def train(variant, _, path):
    from problem import read_problem
    from training import Trainer

    trainer = Trainer(read_problem(path), variant)

    def answer(times, results):
        return {"losses": [loss for loss, _ in results], "gradientNorms": [norm for _, norm in results]}

    return trainer.step, answer


def predict(variant, threads, path):
    from predicting import predictor
    from problem import read_problem

    def answer(times, results):
        return {"landmarks": results[-1].flatten().tolist()}

    return predictor(read_problem(path), variant, threads), answer


def multiply(variant, *_):
    kind = torch.bfloat16 if variant.endswith("bf16") else torch.float32
    a, b = torch.randn(2, MATRIX, MATRIX, generator=torch.Generator().manual_seed(1)).to(kind)

    def answer(times, _):
        return {"gigaflop": 2 * MATRIX**3 / 1e9}

    return lambda: torch.mm(a, b), answer


def count(_, __, path):
    """The arithmetic of matrix products and convolutions in a step, forward and backward."""
    from problem import read_problem
    from torch.utils.flop_counter import FlopCounterMode
    from training import Trainer

    trainer = Trainer(read_problem(path), "eager")

    def counted():
        with FlopCounterMode(display=False) as counter:
            trainer.step()
        return counter.get_total_flops() / 1e9

    return counted, lambda _, results: {"gigaflop": results[-1]}


def name(variant):
    if variant == "onnxruntime":
        import onnxruntime

        return f"ONNX Runtime {onnxruntime.__version__}"
    modes = {"eager": "eager", "compile": "torch.compile"}
    mode, _, precision = variant.partition("-")
    return f"PyTorch {torch.__version__.partition('+')[0]} {modes[mode]}{', autocast bf16' if precision else ''}"


def main(task, variant, threads, *problem):
    torch.set_num_threads(int(threads))
    run, answer = TASKS[task](variant, int(threads), *problem)
    print(json.dumps({"name": name(variant)}), flush=True)
    for line in sys.stdin:
        times, results = [], []
        for _ in range(int(line)):
            start = time.perf_counter()
            results.append(run())
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"milliseconds": times, **answer(times, results)}), flush=True)


TASKS = {"train": train, "predict": predict, "multiply": multiply, "count": count}

if __name__ == "__main__":
    main(*sys.argv[1:])
