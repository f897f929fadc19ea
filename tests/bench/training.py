"""How fast trainings are: `python -m tests.bench.training`; beside torch, where it is installed.

Steps per second of each task, against a torch loop of the same network and batch, on one thread each; how long it takes
to the induction head; with how many seeds a head finds the animal; pictures per second, and how long a key waits.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

SEEDS = 20
PAUSE = 0.01
"""Seconds after which the screen should listen; how much later it does is how long a key waits."""


def best(step: Callable[[], object], rounds: int = 8, steps: int = 25) -> float:
    """Seconds of the processor for a step, in the best of some rounds: others may be at work on this machine."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(steps):
            step()
        times.append((time.process_time() - begun) / steps)
    return min(times)


def steps_per_second() -> None:
    from kitten_tui.sources.training.run import Run
    from kitten_tui.sources.training.tasks import TASKS

    for name in ("copy", "induction", "kitten-en"):
        run = Run(TASKS[name], TASKS[name].setup)
        for _ in range(30):
            run.advance()
        ours = best(lambda run=run: run._after(run.state))  # type: ignore[misc]
        theirs = None if find_spec("torch") is None else torch_step(run)
        beside = "" if theirs is None else f"   torch {1 / theirs:7.0f}   {theirs / ours:.2f} ×"
        print(f"{name:12} {1 / ours:7.0f} steps/s{beside}")


def torch_step(run) -> float:  # type: ignore[no-untyped-def]
    """A step of the same network in torch, as one would write it: fused attention, Adam."""
    import torch

    from tests.training.store_torch import loss_of

    torch.set_num_threads(1)
    parts = {name: torch.tensor(part.copy(), requires_grad=True) for name, part in run.parameters(run.state).items()}
    optimizer, batch = torch.optim.Adam(parts.values(), lr=run.setup.step_size), run.batch(1)

    def step() -> None:
        batch = run.batch(1)
        loss = loss_of(parts, run.setup.shape, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    assert len(batch.ids)
    for _ in range(30):
        step()
    return best(step)


def until_induction() -> None:
    from kitten_tui.sources.training.run import Run
    from kitten_tui.sources.training.tasks import TASKS

    task = TASKS["induction"]
    run, begun, wall = Run(task, task.setup), time.process_time(), time.perf_counter()
    while run.advance() and not all(each.came(run.kept[-1].measured) for each in task.expected(task.setup)):
        pass
    print(
        f"an induction head after {run.step} steps, {time.process_time() - begun:.1f} s of one processor, "
        f"{time.perf_counter() - wall:.1f} s of the clock"
    )


def share_of_seeds() -> None:
    from kitten_tui.sources.training.run import Run
    from kitten_tui.sources.training.tasks import TASKS

    for name in ("kitten-en", "kitten-zh"):
        task, came, right = TASKS[name], 0, 0
        for seed in range(SEEDS):
            run = Run(task, replace(task.setup, seed=seed))
            while run.step < run.setup.steps:
                run.advance()
            verb, animal = (each.came(run.kept[-1].measured) for each in task.expected(run.setup))
            came, right = came + (verb and animal), right + verb
        print(f"{name}: with {right} of {SEEDS} seeds the verb is right, with {came} one head finds the animal")


async def on_screen(name: str) -> None:
    from kitten_tui.app import KittenApp
    from kitten_tui.sources.training.opening import open_training
    from kitten_tui.sources.training.source import Training

    run = open_training(name, {"steps": 100_000})
    app = KittenApp(Training(run, run.state))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        pictures = 0
        show = screen._show  # type: ignore[attr-defined]

        def counted(*arguments: object, **named: object) -> None:
            nonlocal pictures
            pictures += 1
            show(*arguments, **named)

        screen._show = counted  # type: ignore[attr-defined]
        first, begun, delays = run.step, time.perf_counter(), []
        while time.perf_counter() - begun < 5.0:
            asked = time.perf_counter()
            await asyncio.sleep(PAUSE)
            delays.append(time.perf_counter() - asked - PAUSE)
        passed = time.perf_counter() - begun
        delays.sort()
        print(
            f"{name}: {pictures / passed:.0f} pictures a second, {(run.step - first) / passed:.0f} steps a second, "
            f"a key is heard after {1000 * delays[len(delays) // 2]:.0f} ms (slowest {1000 * delays[-1]:.0f})"
        )
        await pilot.press("z")


if __name__ == "__main__":
    from kitten_tui.threads import choose

    choose(1)
    parts = {"steps": steps_per_second, "induction": until_induction, "seeds": share_of_seeds}
    for asked in sys.argv[1:] or [*parts, "screen"]:
        if asked == "screen":
            for task in ("kitten-en", "induction"):
                asyncio.run(on_screen(task))
        else:
            parts[asked]()
