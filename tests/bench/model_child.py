"""One process of the benchmark for real models: does what it is told, and prints one line of JSON for each thing done.

    PYTHON tests/bench/model_child.py JOB FOLDER …

Imports what a job needs within it: ours runs beside kitten-tui, theirs in a Python with torch, transformers, bertviz.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZE = (120, 36)
Reply = dict[str, Any]


def peak() -> float:
    """The most memory this process has held, in MB. The kernel's other number knows what it held before it was this."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return next(int(line.split()[1]) * 1024 / 1e6 for line in status.splitlines() if line.startswith("VmHWM"))


def say(**reply: Any) -> None:
    print(json.dumps(reply | {"peak": peak()}), flush=True)


def repeat(open_: Callable[[], Callable[[], Reply]]) -> None:
    """Opens and does once, then does again for each line that comes in."""
    began, used = time.perf_counter(), time.process_time()
    do = open_()
    say(**do(), seconds=time.perf_counter() - began, cpu=time.process_time() - used)
    for _ in sys.stdin:
        began, used = time.perf_counter(), time.process_time()
        found = do()
        say(**found, seconds=time.perf_counter() - began, cpu=time.process_time() - used)


def make(folder: str, shape: str = "") -> None:
    """GPT-2 small's shape, or one of SHAPES, with random weights, large enough for heads to differ; one character is
    one token.
    """
    import torch
    import transformers
    from shapes import SHAPES
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    torch.manual_seed(0)
    name, said = SHAPES[shape] if shape else ("GPT2LMHeadModel", {})
    kind = getattr(transformers, name)
    config = kind.config_class(**said)
    model = kind(config)
    with torch.no_grad():
        for name, numbers in model.named_parameters():
            if "bias" in name and numbers.ndim == 1:
                numbers.normal_(0, 0.02)
            elif "attn.c_attn.weight" in name:
                numbers.normal_(0, 0.08)
    model.save_pretrained(folder)
    vocabulary = {character: number for number, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    for number in range(len(vocabulary), config.vocab_size):
        vocabulary[f"word{number}"] = number
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    own = {"tokenizer_class": "PreTrainedTokenizerFast"}  # whatever the kind of model has otherwise
    Path(folder, "tokenizer_config.json").write_text(json.dumps(own), encoding="utf-8")
    tokenizer.save(f"{folder}/tokenizer.json")
    say()


def ours(folder: str, text: str) -> None:
    """Everything the screen needs of a text: streams, contexts, measures and thumbnails of all heads, next tokens."""
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.texts import open_texts

    def open_() -> Callable[[], Reply]:
        model = Model(Path(folder))
        two = model.decoder is not None

        def do() -> Reply:
            reading = open_texts(model, text, text[1:] if two else None, "decoder" if two else None)
            reading.compute()
            next_ = reading.continuation(len(reading.ids) - 1)
            return {"tokens": len(reading.ids), "likeliest": math.exp(next_.logit[0] - next_.total)}

        return do

    repeat(open_)


def theirs(folder: str, text: str) -> None:
    """The same from transformers: all attention weights, all hidden states, the logits of every token."""
    import torch
    import transformers
    from tokenizers import Tokenizer
    from transformers import AutoConfig

    ids = torch.tensor([Tokenizer.from_file(f"{folder}/tokenizer.json").encode(text).ids])
    config = AutoConfig.from_pretrained(folder)
    kind = getattr(transformers, config.architectures[0])
    given = {"input_ids": ids, "output_attentions": True, "output_hidden_states": True}
    if config.is_encoder_decoder:
        start = torch.tensor([[config.decoder_start_token_id]])
        given["decoder_input_ids"] = torch.cat([start, ids[:, 1:]], dim=1)

    def open_() -> Callable[[], Reply]:
        model = kind.from_pretrained(folder, attn_implementation="eager").eval()
        model.config.use_cache = False

        def do() -> Reply:
            with torch.no_grad():
                out = model(**given)
                return {"tokens": ids.shape[1], "likeliest": float(out.logits[0, -1].softmax(-1).max())}

        return do

    repeat(open_)


def our_effects(folder: str, text: str) -> None:
    """What changes in the probabilities of the next token without each head, layers before it not computed again."""
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.texts import open_texts

    def open_() -> Callable[[], Reply]:
        reading = open_texts(Model(Path(folder)), text)
        reading.compute()

        def do() -> Reply:
            effects = list(reading.asked.effects(len(reading.ids) - 1, "zero"))
            return {"tokens": len(reading.ids), "likeliest": sum(each.divergence for each in effects)}

        return do

    repeat(open_)


def their_effects(folder: str, text: str) -> None:
    """The same by a loop over all heads with a hook that puts what one says to zero."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM

    ids = torch.tensor([Tokenizer.from_file(f"{folder}/tokenizer.json").encode(text).ids])

    def open_() -> Callable[[], Reply]:
        model = AutoModelForCausalLM.from_pretrained(folder).eval()
        heads, width = model.config.n_head, model.config.n_embd // model.config.n_head

        def logs() -> Any:
            return model(ids, use_cache=False).logits[0, -1].double().log_softmax(-1)

        def do() -> Reply:
            with torch.no_grad():
                before, bits = logs(), 0.0
                for block in model.transformer.h:
                    for head in range(heads):
                        silenced = slice(head * width, (head + 1) * width)

                        def silence(_: Any, given: Any, silenced: slice = silenced) -> Any:
                            said = given[0].clone()
                            said[..., silenced] = 0
                            return (said, *given[1:])

                        hook = block.attn.c_proj.register_forward_pre_hook(silence)
                        bits += float((before.exp() * (before - logs())).sum()) / math.log(2)
                        hook.remove()
            return {"tokens": ids.shape[1], "likeliest": bits}

        return do

    repeat(open_)


AT_ONCE = 8
"""Tokens of one turn."""


def our_tokens(folder: str, text: str) -> None:
    """The likeliest tokens after a text, one after another, over kept keys and values."""
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.texts import open_texts

    def open_() -> Callable[[], Reply]:
        reading = open_texts(Model(Path(folder)), text)
        reading.compute()

        def do() -> Reply:
            nonlocal reading
            for _ in range(AT_ONCE):
                reading = reading.goes_on.longer()
            return {"tokens": len(reading.ids), "likeliest": sum(reading.ids[-AT_ONCE:])}

        return do

    repeat(open_)


def their_tokens(folder: str, text: str) -> None:
    """The same over the cache of transformers."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM

    ids = torch.tensor([Tokenizer.from_file(f"{folder}/tokenizer.json").encode(text).ids])

    def open_() -> Callable[[], Reply]:
        model = AutoModelForCausalLM.from_pretrained(folder).eval()
        with torch.no_grad():
            out = model(ids, use_cache=True, logits_to_keep=1)
        count = ids.shape[1]

        def do() -> Reply:
            nonlocal out, count
            taken = []
            with torch.no_grad():
                for _ in range(AT_ONCE):
                    token = out.logits[:, -1:].argmax(-1)
                    taken.append(int(token))
                    out = model(token, past_key_values=out.past_key_values, use_cache=True)
                    count += 1
            return {"tokens": count, "likeliest": sum(taken)}

        return do

    repeat(open_)


def trained(text: str) -> None:
    """Where the small trained model lies, and how many tokens of it the text has."""
    from kitten_tui.sources.checkpoint.model import open_model
    from kitten_tui.sources.checkpoint.reading import Reading

    model = open_model("minilm")
    reading = Reading(model, text)
    say(folder=str(model.folder), tokens=len(reading.ids))


def overview(folder: str, text: str) -> None:
    """The program, without a terminal, until its overview shows all heads of all layers."""
    import asyncio

    from kitten_tui.app import KittenApp
    from kitten_tui.screens.overview import OverviewScreen
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.reading import Reading

    reading = Reading(Model(Path(folder)), text)
    heads = reading.n_layers * reading.n_heads

    async def run() -> None:
        async with KittenApp(reading).run_test(size=SIZE) as pilot:
            screen = pilot.app.screen
            assert isinstance(screen, OverviewScreen)
            while len(screen.overview.heads) < heads:
                await pilot.pause(0.005)
            await pilot.pause()
            say(tokens=len(reading.ids))

    asyncio.run(run())


def bertviz(folder: str, text: str, file: str) -> None:
    """BertViz's page of all heads of all layers."""
    import torch
    from bertviz import model_view
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(text, truncation=True, max_length=512, return_tensors="pt")
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        attention = model(**ids, output_attentions=True).attentions
    tokens = tokenizer.convert_ids_to_tokens(ids["input_ids"][0])
    page = model_view(attention, tokens, html_action="return")
    Path(file).write_text(page.data, encoding="utf-8")
    say(tokens=len(tokens), size=Path(file).stat().st_size)


ASKED = (our_effects, their_effects, our_tokens, their_tokens)
JOBS = {job.__name__: job for job in (make, ours, theirs, *ASKED, trained, overview, bertviz)}

if __name__ == "__main__":
    JOBS[sys.argv[1]](*sys.argv[2:])
