"""Renders a chat template in a process of its own, so that one that never ends, or wants all memory, ends with it.

    PYTHON chat_child.py < {"template": …, "given": {…}, "seconds": …, "bytes": …, "most": …}

The environment is that of transformers (utils/chat_template_utils.py): sandboxed; nothing given can be changed.
Prints {"text": …} or {"problem": …}.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

Json = dict[str, Any]


class Generation(Extension):
    """What stands between {% generation %} and {% endgeneration %} is written as it is."""

    tags = {"generation"}

    def parse(self, parser: Any) -> Any:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def strftime_now(how: str) -> str:
    return datetime.now().strftime(how)


def tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """As it is, where the one of Jinja's own writes < and > as codes."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def limit(seconds: int, size: int) -> None:
    """Of the processor's time and of memory, where the system knows such limits."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, size)):
        _, hard = resource.getrlimit(kind)
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (wanted, hard))


def render(asked: Json) -> Json:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals.update(raise_exception=raise_exception, strftime_now=strftime_now)
    size, parts = 0, []
    try:
        for part in environment.from_string(asked["template"]).generate(**asked["given"]):
            parts.append(part)
            size += len(part)
            if size > asked["most"]:
                return {"problem": f"expected at most {asked['most']:,} characters, found more"}
    except jinja2.TemplateSyntaxError as error:
        return {"problem": f"line {error.lineno}: {error.message}"}
    except MemoryError:
        return {"problem": "expected one that needs little memory, found one that needs much"}
    except Exception as error:  # whatever a template calls may raise anything, and all of it is the template's
        return {"problem": str(error) or type(error).__name__}
    return {"text": "".join(parts)}


if __name__ == "__main__":
    told = json.load(sys.stdin)
    limit(told["seconds"], told["bytes"])
    print(json.dumps(render(told)))
