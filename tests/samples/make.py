"""Makes the trained samples: `python -m tests.samples.make` writes samples/kitten-en.toml and kitten-zh.toml."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kitten_tui.core.inputs import HeadWeights, Inputs, fixed
from kitten_tui.core.settings import Settings
from kitten_tui.paper.sample import save
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.training.opening import open_training

DECIMALS = 2
"""So that the arithmetic on the screen can be checked by hand."""
TITLES = {
    "kitten-en": {"en": "Which animal is it?", "zh": "“it”是谁？（英语句子）"},
    "kitten-zh": {"en": "Which animal is 它? (a Chinese sentence)", "zh": "“它”是谁？"},
}
NOTE = {
    "en": "Trained by this program: {steps} steps from matrices drawn at random (seed {seed}), on sentences of "
    "kittens, dogs and birds in which the word after “{it}” is what the animal does; then rounded to two decimals. "
    "Nobody told a head what to look at; one of them found the animal that “{it}” stands for. "
    "Press z to watch it happen.",
    "zh": "由本程序训练：从随机抽出的矩阵（种子 {seed}）走了 {steps} 步，学的是小猫、小狗和小鸟的句子，"
    "“{it}”后面的词就是那只动物做的事；然后四舍五入到两位小数。没有谁告诉一个头该看哪里，"
    "其中一个头自己找到了“{it}”指的动物。按 z 可以亲眼看着它学会。",
}


def trained(name: str) -> Lesson:
    """The sentence of a task up to "it", with the matrices of its last step."""
    run = open_training(name, {})
    while run.step < run.setup.steps:
        run.advance()
    task, part = (
        run.task,
        {name: array.astype(float).round(DECIMALS) + 0.0 for name, array in run.parameters(run.state).items()},
    )
    tokens = task.sentence[: task.query + 1]
    embedding, position = part["embedding"][task.ids(tokens)], part["position"][: len(tokens)]
    w_o = part["w_o.0"]  # [head, d_k, d_model]
    heads = [HeadWeights(*(fixed(part[f"w_{role}.0"][head]) for role in "qkv")) for head in range(len(w_o))]
    values = {"steps": run.setup.steps, "seed": run.setup.seed, "it": task.sentence[task.query]}
    return Lesson(
        inputs=Inputs(
            tokens=tokens,
            x=fixed(embedding + position),
            heads=tuple(heads),
            embedding=fixed(embedding),
            position=fixed(position),
            w_o=fixed(np.concatenate(w_o)),
        ),
        title=TITLES[name],
        note={language: text.format(**values) for language, text in NOTE.items()},
        settings=Settings(mask="causal"),
        query=task.query,
    )


if __name__ == "__main__":
    for name in TITLES:
        lesson = trained(name)
        path = Path(__file__).parents[2] / "samples" / f"{name}.toml"
        save(lesson, lesson.settings, lesson.query, path, overwrite=True)
