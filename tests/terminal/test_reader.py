"""Whatever a terminal sends, the keys after it are read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.events import Key, Paste, Resize

from kitten_tui.reader import LARGEST, PASTE_PAUSE, KeyReader

pytestmark = pytest.mark.slow


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def keys(*reads: bytes) -> list[str]:
    """The keys that come of these reads, with nothing more to come."""
    reader = KeyReader()
    messages = [message for raw in reads for message in reader.feed(raw)]
    messages += reader.tick()
    return [message.key for message in messages if isinstance(message, Key)]


MALFORMED = [
    b"\x1b[1114112u",
    b"\x1b[99999999999999999999u",
    b"\x1b[97:65;2u",
    b"\x1b[97;1:2u",
    b"\x1b[;;u",
    b"\x1b[:::;u",
    b"\x1b[97;1;1114112u",
    b"\x1b[97;1;55296u",
    b"\x1b[48;0;0;0;0t\x1b[<0;3;3M",
    b"\x1b[48;99999999999;99999999999;1;1t",
    b"\x1b[<99999999999;99999999999;99999999999M",
    b"\x1b[M \xc3\x80",
    b"\x1b[M\xff\xfe\xfd",
    b"\xe9",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\x1b[?999999;9$y",
    b"\x1b[999999999999;9R",
    b"\x1b[200~\x1b[201~",
]


@pytest.mark.parametrize("raw", MALFORMED)
def test_keys_after_a_malformed_sequence_are_read(raw: bytes) -> None:
    assert keys(raw + b"q")[-1:] == ["q"]
    assert keys(*(bytes([byte]) for byte in raw), b"q")[-1:] == ["q"]


@given(st.lists(st.binary(max_size=12) | st.sampled_from(MALFORMED), max_size=8))
@settings(max_examples=300, deadline=None)
def test_no_bytes_end_the_reader(reads: list[bytes]) -> None:
    clock = Clock()
    reader = KeyReader(clock)
    for raw in reads:
        for message in [*reader.feed(raw), *reader.tick()]:
            if isinstance(message, Resize):
                assert 0 < message.size.width <= LARGEST[0]
                assert 0 < message.size.height <= LARGEST[1]
    clock.now += PASTE_PAUSE + 0.5
    list(reader.tick())
    read = [*reader.feed(b"\x1b[D"), *reader.tick(), *reader.feed(b"qqqq"), *reader.tick()]
    assert [message.key for message in read if isinstance(message, Key)][-1:] == ["q"]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_paste_is_one_message_wherever_reads_break_it(data: st.DataObject) -> None:
    text = data.draw(st.text(alphabet="ab \n小é[2~01", max_size=20))
    raw = b"x\x1b[200~" + text.encode() + b"\x1b[201~y"
    reader, messages = KeyReader(), []
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        messages += reader.feed(raw[:size])
        raw = raw[size:]
    messages += reader.tick()
    assert [m.text if isinstance(m, Paste) else m.key for m in messages if isinstance(m, (Key, Paste))] == [
        "x",
        text,
        "y",
    ]


def test_a_paste_without_an_end_is_over_after_a_pause() -> None:
    clock = Clock()
    reader = KeyReader(clock)
    assert not list(reader.feed(b"\x1b[200~the cat"))
    assert not list(reader.tick())
    clock.now += PASTE_PAUSE + 0.1
    assert [message.text for message in reader.tick() if isinstance(message, Paste)] == ["the cat"]
    assert [message.key for message in reader.feed(b"q") if isinstance(message, Key)] == ["q"]


def test_the_escape_key_alone_is_a_key() -> None:
    import time

    reader = KeyReader()
    messages = [*reader.feed(b"\x1b")]
    end = time.monotonic() + 10.0
    while not messages and time.monotonic() < end:
        messages += reader.tick()
    assert [message.key for message in messages if isinstance(message, Key)] == ["escape"]


def test_a_large_paste_is_read_at_once() -> None:
    import time

    start = time.process_time()
    messages = list(KeyReader().feed(b"\x1b[200~" + b"word " * 400_000 + b"\x1b[201~"))
    assert time.process_time() - start < 1.0
    assert len(messages) == 1
