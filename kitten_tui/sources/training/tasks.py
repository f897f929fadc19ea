"""The tasks that have a name: each a vocabulary, a generator of sentences, and what to expect."""

from __future__ import annotations

from kitten_tui.sources.training.copying import COPY
from kitten_tui.sources.training.induction import INDUCTION
from kitten_tui.sources.training.kittens import KITTEN_EN, KITTEN_ZH
from kitten_tui.sources.training.recalling import RECALL
from kitten_tui.sources.training.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (COPY, INDUCTION, KITTEN_EN, KITTEN_ZH, RECALL)}
