"""What can be asked for on the command line."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from kitten_tui import __version__
from kitten_tui.core.settings import VARIANTS
from kitten_tui.paper.formats import FORMATS
from kitten_tui.sources.errors import SourceError

PAPER = (
    "save",
    "export",
    "generate",
    "lens",
    "effects",
    "attribution",
    "why",
    "atlas",
    "reach",
    "arcs",
    "heads",
    "json",
    "explain",
    "check",
    "plain",
)
"""Options that ask for something printed or written in place of a screen; of two, the first is answered."""

OF_ONE_VIEW = ("mistake", "scale", "mask", "dropout", "seed", "stage", "layer", "head", "query")
"""Options that say how one head is looked at."""
BESIDE = ("beside", "beside_model", "beside_start", "beside_step")
"""Options that lay something beside what is looked at; one at a time."""
DRAWING = ("temperature", "top_k", "top_p")
"""Options of what next tokens are drawn by."""

LANGUAGES = ("en", "zh")
GROUPS = (
    *("what is looked at", "without a screen", "where it begins"),
    *("what is switched and changed", "language and colours", "pictures of the screen"),
)
PROGRAM = "kitten-tui"
ABOUT = "Self-attention taken apart, number by number, in a terminal."
STATUSES = (
    (0, "All went well."),
    (1, "A check failed, or the program itself."),
    (2, "Bad usage, or bad input: one line says what."),
    (130, "Ended by ctrl+c."),
)
"""With which the program ends, and what each means."""
EPILOG = (
    "Without a terminal, or with TERM=dumb, the lesson is printed as with --plain. Language and theme may stand in "
    "~/.config/kitten-tui/config.toml. Exit status: " + " ".join(f"{status}: {about}" for status, about in STATUSES)
)
SHELLS = ("bash", "zsh", "fish")


def lays_beside(arguments: argparse.Namespace) -> bool:
    """Whether two things are to be looked at at once."""
    return bool(laid(arguments))


def laid(arguments: argparse.Namespace) -> list[str]:
    """What is to be laid beside; a step may be 0."""
    return [name for name in BESIDE if not any(getattr(arguments, name) is no for no in (None, False))]


class UsageError(SourceError):
    """The command line asks for something that does not exist."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        if action.option_strings and arg_strings == ["--"]:  # of which argparse leaves nothing to read
            self.error(f"{action.option_strings[0]}: expected a value, found --")
        return super()._get_values(action, arg_strings)


def parser() -> argparse.ArgumentParser:
    options = _Parser(
        prog=PROGRAM,
        description=ABOUT,
        epilog=EPILOG,
    )
    source, printed, begin, change, screen, script = map(options.add_argument_group, GROUPS)
    options.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="a sample's name, a sample file, a file of arrays (.npz, .npy, .safetensors, .json), a sentence, "
        "or - for a sentence from standard input (default: journey)",
    )
    source.add_argument(
        "--tokens", metavar="FILE", help="the words of a file of arrays: one a line, between spaces, or JSON"
    )
    source.add_argument(
        "--model",
        metavar="DIR",
        help="a checkpoint directory or its file of weights, a GGUF file, the name of a model in a cache "
        "(org/name, ollama:name), minilm or smollm2; "
        "SOURCE is then a sentence, a text file, or - for standard input",
    )
    source.add_argument(
        "--second", metavar="TEXT", help="with --model: a second text beside SOURCE, or what a decoder writes of it"
    )
    source.add_argument(
        "--part",
        metavar="NAME",
        help="with --model: encoder, decoder or cross; of two texts whole, A-A, A-B, B-A or B-B (W on screen)",
    )
    source.add_argument(
        "--chat", action="store_true", help="with --model: SOURCE as what somebody says, in the model's chat template"
    )
    source.add_argument(
        "--beside", metavar="TEXT", help="with --model or --train: another text beside SOURCE, and the difference"
    )
    source.add_argument(
        "--beside-model", metavar="DIR", help="with --model: the same text in another model with the same tokens"
    )
    source.add_argument("--beside-start", action="store_true", help="with --set or --without: the same without them")
    source.add_argument(
        "--beside-step", type=int, metavar="N", help="with --train or a saved training: the same at another step"
    )
    source.add_argument("--download", action="store_true", help="with --model org/name: fetch it, if it is not there")
    source.add_argument("--list-models", action="store_true", help="list the models of caches, of Ollama and of extras")
    source.add_argument(
        "--trust-layout",
        action="store_true",
        help="with --model: go on where parts would be left out, or the model has code of its own",
    )
    paper = printed.add_mutually_exclusive_group()
    paper.add_argument("--json", action="store_true", help="print every intermediate of a head as one JSON object")
    paper.add_argument("--plain", action="store_true", help="print the lesson as text")
    paper.add_argument("--check", action="store_true", help="compare with published values and with the laws")
    paper.add_argument("--explain", metavar="CELL", help='where a number comes from, as in "weights[journey,step]"')
    paper.add_argument(
        "--save", metavar="FILE", help="write a model's tokens and weights to a new .npz or .safetensors file"
    )
    paper.add_argument(
        "--export",
        metavar="FILE",
        help="write the lesson, the stage of --stage, the lines of --arcs or all heads of --heads to a new file, or "
        "with --format to - : " + ", ".join(f".{each.name} {each.about}" for each in FORMATS),
    )
    printed.add_argument(
        "--completion", choices=SHELLS, help='print what makes a shell complete options, as in eval "$(…)"'
    )
    printed.add_argument(
        "--format", metavar="NAME", help="with --export: the format, where the name of the file has none"
    )
    printed.add_argument("--full", action="store_true", help="with --save: the other steps of the chain too")
    printed.add_argument("--heads", action="store_true", help="print the measures of all heads, or --json")
    printed.add_argument(
        "--arcs",
        action="store_true",
        help="print the words and lines between them by weight, of --head or of several heads, of --query or of all",
    )
    printed.add_argument(
        "--generate", type=int, metavar="N", help="with --model: go on with the text, N tokens; or --json (+ on screen)"
    )
    printed.add_argument(
        "--lens", action="store_true", help="with --model: the likeliest tokens after each layer, or --json"
    )
    printed.add_argument(
        "--effects", action="store_true", help="with --model: what changes without each head, sorted, or --json"
    )
    printed.add_argument(
        "--attribution",
        action="store_true",
        help="with --model: what each part adds to the next logit, or --json",
    )
    printed.add_argument(
        "--reach", action="store_true", help="with --without or --set in a model: what changes after it, or --json"
    )
    printed.add_argument(
        "--why",
        metavar="WORD:WORD",
        help="with --model: the score of two words by where query and key come from, of --layer, --head; or --json",
    )
    printed.add_argument(
        "--atlas",
        action="store_true",
        help="with --model: which heads do grammar, on annotated sentences, or --json",
    )
    printed.add_argument(
        "--text",
        metavar="FILE",
        help="with --atlas: your own sentences in CoNLL-U, or en or zh for those of the program (default: en)",
    )
    printed.add_argument(
        "--in-place",
        choices=("zero", "mean"),
        help="with --effects and --without: what a head says instead (default: zero)",
    )
    printed.add_argument(
        "--from", dest="from_", metavar="TOKEN", help="with --heads and --to: how strongly this token looks at another"
    )
    printed.add_argument("--to", metavar="TOKEN", help="with --heads and --from: the token that is looked at")
    source.add_argument(
        "--threads", type=int, metavar="N", help="with --model: compute with N threads (default: free cores)"
    )
    printed.add_argument("--depth", type=int, metavar="N", help="with --explain: how many steps down (default: 1)")
    begin.add_argument(
        "--stage", metavar="N", help="begin at this stage, by its number or its name; with --plain print only it"
    )
    begin.add_argument("--layer", type=int, metavar="N", help="the layer, from 1")
    begin.add_argument("--head", type=int, metavar="N", help="the head, from 1")
    begin.add_argument("--query", metavar="TOKEN", help="the query: a token of the sentence, or its number from 1")
    begin.add_argument(
        "--place", metavar="NAME=N,…", help="where the cursor is: query, key, d_k, … with numbers from 1"
    )
    begin.add_argument(
        "--by-value",
        action="store_true",
        help="weights by the size of the values they carry, ‖α v‖ ÷ its sum; with --heads and --arcs too",
    )
    begin.add_argument(
        "--hide-special",
        action="store_true",
        help="hide special tokens such as [CLS], and divide what is left by its sum; with --heads and --arcs too",
    )
    begin.add_argument("--figure", metavar="ID", help="the figure that has the cursor")
    begin.add_argument("--walk", action="store_true", help="begin with the walk; with --plain or --export: the walk")
    begin.add_argument("--walk-file", metavar="FILE", help="walk these steps in the place of the program's own")
    begin.add_argument(
        "--no-questions", dest="questions", action="store_false", help="tell on the walk, and do not ask"
    )
    change.add_argument(
        "--set",
        action="append",
        metavar="CHANGE",
        help='a change, as in "w_q h2[1,2]=0.5"; y copies such lines',
    )
    change.add_argument(
        "--without",
        action="append",
        metavar="LAYER.HEAD",
        help="with --model: a head that says nothing, and all after it computed again; as often as wanted",
    )
    change.add_argument("--scale", action=argparse.BooleanOptionalAction, help="divide the scores by √d_k, or do not")
    change.add_argument("--mistake", metavar="NAME", help=f"as people get it wrong: one of {', '.join(VARIANTS)}")
    change.add_argument("--mask", choices=("none", "causal", "own"), help="who may look at whom")
    change.add_argument("--dropout", type=float, metavar="P", help="drop weights at this rate, from 0 to below 1")
    change.add_argument("--seed", type=int, metavar="N", help="decides what is dropped, and a sentence's matrices")
    change.add_argument("--init", choices=("rand", "linear"), help="draw all matrices from the seed, as PyTorch does")
    change.add_argument("--temperature", type=float, metavar="T", help="draw next tokens by logit / T (default: none)")
    change.add_argument("--top-k", type=int, metavar="K", help="draw next tokens from the K likeliest")
    change.add_argument("--top-p", type=float, metavar="P", help="draw them from the fewest that have P together")
    _add_training(options)
    screen.add_argument("--lang", choices=LANGUAGES, help="the language (default: from the config file, or LANG)")
    screen.add_argument("--theme", metavar="NAME", help="dark, light, or the name of one of Textual's themes")
    _add_script(script)
    options.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return options


class _Step(argparse.Action):
    """One after another, as they stand on the line."""

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        namespace.played = [*(namespace.played or ()), ((option or "").lstrip("-"), str(values))]


def _add_script(script: argparse._ArgumentGroup) -> None:
    script.add_argument(
        "--press",
        dest="played",
        action=_Step,
        metavar="KEYS",
        help='press these keys, as in "right down enter"; a key is a character or its name, each waits for the last',
    )
    script.add_argument(
        "--shot",
        dest="played",
        action=_Step,
        metavar="FILE",
        help="then write the screen to a new file: " + ", ".join(f".{each.name}" for each in FORMATS if each.draws),
    )
    script.add_argument(
        "--script", metavar="FILE", help="play every [[script]] of a TOML file; {name} in --shot is that of each"
    )
    script.add_argument("--size", metavar="CxR", help="columns and rows of the screen (default: 80x24)")
    script.add_argument(
        "--patience", type=float, metavar="S", help="seconds after which a key is said never to settle (default: 60)"
    )


def _add_training(options: argparse.ArgumentParser) -> None:
    training = options.add_argument_group("training")
    training.add_argument(
        "--train",
        metavar="TASK",
        help="train a small transformer: copy, induction, kitten, recall, or a text file; SOURCE is looked at",
    )
    training.add_argument("--save-model", metavar="DIR", help="write what was trained to a new folder, for --model")
    training.add_argument("--by", metavar="KIND", help="with a file of text: what a token is, word or character")
    training.add_argument("--steps", type=int, metavar="N", help="how many steps")
    training.add_argument("--step-size", type=float, metavar="X", help="how far a step goes")
    training.add_argument("--batch", type=int, metavar="N", help="how many sentences each step learns from")
    training.add_argument("--optimizer", metavar="NAME", help="adam or sgd")
    training.add_argument("--start", metavar="NAME", help="random, or same: all heads of a layer begin equal")
    training.add_argument("--layers", type=int, metavar="N", help="how many layers")
    training.add_argument("--n-heads", type=int, metavar="N", help="how many heads a layer has")
    training.add_argument("--d-model", type=int, metavar="N", help="how wide the vectors are")
    training.add_argument("--d-k", type=int, metavar="N", help="how wide queries, keys and values are")
    training.add_argument(
        "--positions", action=argparse.BooleanOptionalAction, help="say where a token stands, or do not"
    )
