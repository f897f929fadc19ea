"""What transformers makes of a text with chat templates of several kinds, and how it cuts it.

    python tests/checkpoints/make_chats.py     # needs torch and transformers; writes chats.json anew

The templates are written as those of known families are; the tokenizer is that of the tiny llama, with their tokens.
"""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).resolve().parent
TEXTS = ("the cat saw the dog", '  the "dog" & <cat> saw\nthe cat  ')
NAMED = {"bos_token": "<s>", "eos_token": "</s>"}

TEMPLATES = {
    "chatml": (
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\\nYou are a kitten.<|im_end|>\\n' }}{% endif %}"
        "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    ),
    "inst": (
        "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% else %}"
        "{% set loop_messages = messages %}{% endif %}{{ bos_token }}{% for message in loop_messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% if message['role'] == 'user' %}"
        "{{ '[INST] ' + message['content'].strip() + ' [/INST]' }}{% else %}"
        "{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
    ),
    "headers": (
        "{{- bos_token }}\n{%- if not date_string is defined %}\n    {%- set date_string = strftime_now('%%') %}\n"
        "{%- endif %}\n{%- if not tools is none %}\n    {{- 'tools' }}\n{%- endif %}\n"
        "{%- for message in messages %}\n    {{- '<' + message['role'] + '>' + date_string + '\\n\\n' }}\n"
        "    {{- message['content'] | trim + '</s>' }}\n{%- endfor %}\n"
        "{%- if add_generation_prompt %}\n    {{- '<assistant>\\n\\n' }}\n{%- endif %}\n"
    ),
    "blocks": (
        "{% for message in messages %}\n    {% if message.role == 'user' %}\n<user>\n"
        "{{ message.content }}{{ eos_token }}\n    {% elif message.role == 'assistant' %}\n"
        "{% generation %}{{ message.content }}{% endgeneration %}\n    {% endif %}\n{% endfor %}\n"
        "{% if add_generation_prompt %}\n<assistant>\n{% endif %}"
    ),
    "namespace": (
        "{%- set ns = namespace(last=-1, seen='') -%}{%- for message in messages -%}"
        "{%- if message.role == 'system' -%}{%- continue -%}{%- endif -%}"
        "{%- set ns.last = loop.index0 -%}{%- set ns.seen = ns.seen + message.content -%}{%- endfor -%}"
        "{{ {'last': ns.last, 'text': ns.seen, 'é': '<&>'} | tojson }}{{ messages | tojson(indent=2) }}"
        "{%- for word in ns.seen.split() -%}{%- if loop.index > 3 -%}{%- break -%}{%- endif -%} {{ word | upper }}"
        "{%- endfor -%}"
    ),
    "macro": (
        "{%- macro turn(role, text) -%}[{{ role }}]{{ text | replace('cat', 'kitten') }}{%- endmacro -%}"
        "{{ bos_token ~ turn('user', messages[-1].content) }}{{ turn('model', '') if add_generation_prompt }}"
        "{{ documents is none }}{{ unknown_token is defined }}"
    ),
}


def tokenizer() -> PreTrainedTokenizerFast:
    made = Tokenizer.from_file(str(HERE / "llama" / "tokenizer.json"))
    return PreTrainedTokenizerFast(tokenizer_object=made, **NAMED)


def made(template: str) -> list[dict[str, object]]:
    of, told = tokenizer(), []
    for text in TEXTS:
        given = {"chat_template": template, "add_generation_prompt": True}
        messages = [{"role": "user", "content": text}]
        rendered = of.apply_chat_template(messages, tokenize=False, **given)
        ids = of.apply_chat_template(messages, tokenize=True, return_dict=False, **given)
        told.append({"text": text, "rendered": rendered, "ids": list(ids)})
    return told


if __name__ == "__main__":
    stored = {"named": NAMED, "templates": TEMPLATES}
    stored |= {"made": {name: made(template) for name, template in TEMPLATES.items()}}
    (HERE / "chats.json").write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
