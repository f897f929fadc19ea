"""Sentences annotated by hand: those of the program are whole, and what is broken in others is named with its line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import kitten_tui.sources.annotated
from kitten_tui.core.annotated import DEPENDENT, HEAD, PRONOUN, RELATIONS, pairs_of
from kitten_tui.sources.annotated import OWN, open_annotated
from kitten_tui.sources.annotated.conllu import LONGEST_SENTENCE, MOST_WORDS, read_conllu
from kitten_tui.sources.errors import SourceError

FOLDER = Path(kitten_tui.sources.annotated.__file__).parent
AT_LEAST = {"en": 60, "zh": 20}
"""Pairs of each relation in each half."""
KNOWN = {
    *("root", "nsubj", "nsubj:pass", "obj", "iobj", "obl", "obl:agent", "obl:patient", "obl:tmod", "ccomp", "xcomp"),
    *(
        "advcl",
        "acl:relcl",
        "nmod",
        "nmod:poss",
        "amod",
        "nummod",
        "clf",
        "det",
        "det:predet",
        "case",
        "case:loc",
        "compound",
    ),
    *("compound:prt", "compound:vv", "fixed", "conj", "cc", "advmod", "aux", "aux:pass", "cop", "mark", "punct"),
}


def row(number: int, form: str, head: int | str, label: str, misc: str = "_") -> str:
    return "\t".join([str(number), form, "_", "_", "_", "_", str(head), label, "_", misc])


GOOD = [
    row(1, "A", 2, "det"),
    row(2, "cat", 3, "nsubj"),
    row(3, "saw", 0, "root"),
    row(4, "it", 3, "obj", "Antecedent=2"),
]


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "own.conllu"
    path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("language", OWN)
def test_both_halves_have_enough_of_every_relation(language):
    halves = (Counter(), Counter())
    for number, sentence in enumerate(open_annotated(language).sentences):
        halves[number % 2].update(pair.relation for pair in pairs_of(sentence) if pair.way == DEPENDENT)
    fewest = {relation: min(half[relation] for half in halves) for relation in RELATIONS}
    assert min(fewest.values()) >= AT_LEAST[language], fewest


@pytest.mark.parametrize("language", OWN)
def test_no_sentence_is_in_both_halves(language):
    texts = [sentence.text for sentence in open_annotated(language).sentences]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("language", OWN)
def test_every_column_is_as_conllu_has_it(language):
    lines = (FOLDER / f"{language}.conllu").read_text(encoding="utf-8").split("\n")
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert {len(columns) for columns in rows} == {10}
    assert {columns[7] for columns in rows} <= KNOWN
    assert all((columns[6] == "0") == (columns[7] == "root") for columns in rows)
    assert all(
        part.partition("=")[0] in ("_", "SpaceAfter", "Antecedent") for row in rows for part in row[9].split("|")
    )


@pytest.mark.parametrize("language", OWN)
def test_the_text_in_the_comments_is_what_the_words_make(language):
    lines = (FOLDER / f"{language}.conllu").read_text(encoding="utf-8").split("\n")
    told = [line.removeprefix("# text = ") for line in lines if line.startswith("# text = ")]
    assert [sentence.text for sentence in open_annotated(language).sentences] == told


@pytest.mark.parametrize("language", OWN)
def test_words_stand_where_the_text_has_them(language):
    for sentence in open_annotated(language).sentences:
        assert [sentence.text[word.start : word.end] for word in sentence.words] == [
            word.form for word in sentence.words
        ]


@pytest.mark.parametrize("language", OWN)
def test_what_is_annotated_is_what_such_words_can_be(language):
    """A slip of the hand puts a label at a word that never has it."""
    forms: dict[str, Counter[str]] = {}
    for sentence in open_annotated(language).sentences:
        for word in sentence.words:
            forms.setdefault(word.label, Counter())[word.form.lower()] += 1
            if word.label in ("aux:pass", "det", "nmod:poss", "nsubj", "obj", "case", "aux", "mark"):
                assert word.head >= 0
    if language == "en":
        assert set(forms["aux:pass"]) == {"was", "were", "is", "are", "be", "been"}
        articles = {"a", "an", "the", "this", "that", "those"}
        assert set(forms["det"]) <= articles | {"all", "both", "each", "every", "no", "some"}
        pronouns = {"it", "its", "he", "his", "him", "she", "her", "they", "them", "their", "themselves", "we"}
    else:
        assert set(forms["aux:pass"]) == {"被"}
        assert set(forms["det"]) <= set("这那每各某全")
        pronouns = {"它", "它们", "他", "他们", "她", "自己"}
    standing = {w.form.lower() for s in open_annotated(language).sentences for w in s.words if w.antecedent >= 0}
    assert standing <= pronouns


def test_a_relation_is_looked_at_both_ways(tmp_path):
    (sentence,) = read_conllu(written(tmp_path, *GOOD), "own").sentences
    pairs = {(pair.relation, pair.way): (pair.query, set(pair.keys)) for pair in pairs_of(sentence)}
    assert pairs["determiner", DEPENDENT] == (0, {1})
    assert pairs["determiner", HEAD] == (1, {0})
    assert pairs["subject", DEPENDENT] == (1, {2})
    assert pairs["object", HEAD] == (2, {3})
    assert pairs[PRONOUN, DEPENDENT] == (3, {1})
    assert (PRONOUN, HEAD) not in pairs


def test_the_object_of_a_preposition_belongs_to_the_case_before_it(tmp_path):
    rows = [
        *(row(1, "Ann", 4, "nmod:poss"), row(2, "'s", 1, "case"), row(3, "old", 4, "amod"), row(4, "map", 0, "root")),
        *(row(5, "of", 7, "case"), row(6, "the", 7, "det"), row(7, "city", 4, "nmod")),
    ]
    (sentence,) = read_conllu(written(tmp_path, *rows), "own").sentences
    found = [(pair.query, set(pair.keys)) for pair in pairs_of(sentence) if pair.relation == "preposition"]
    assert found == [(6, {4}), (4, {6})]


def test_any_earlier_mention_of_the_same_is_right(tmp_path):
    rows = [
        *(row(1, "Ann", 2, "nsubj"), row(2, "lost", 0, "root"), row(3, "her", 4, "nmod:poss", "Antecedent=1")),
        *(row(4, "key", 2, "obj"), row(5, "she", 6, "nsubj", "Antecedent=3"), row(6, "says", 2, "parataxis")),
    ]
    (sentence,) = read_conllu(written(tmp_path, *rows), "own").sentences
    assert [set(pair.keys) for pair in pairs_of(sentence) if pair.relation == PRONOUN] == [{0}, {0, 2}]


def test_words_that_are_written_as_one_stand_in_its_characters(tmp_path):
    rows = [
        *("1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_", row(1, "do", 3, "aux"), row(2, "n't", 3, "advmod")),
        *(row(3, "see", 0, "root"), "3.1\tsee\t_\t_\t_\t_\t_\t_\t_\t_"),
        *("4-5\tau\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No", row(4, "à", 6, "case"), row(5, "le", 6, "det")),
        row(6, "café", 3, "obl"),
    ]
    (sentence,) = read_conllu(written(tmp_path, *rows), "own").sentences
    assert sentence.text == "don't see aucafé"
    assert [sentence.text[w.start : w.end] for w in sentence.words] == ["do", "n't", "see", "au", "au", "café"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1\tcat", "line 1: expected 10 columns between tabs, found 2"),
        (row(2, "cat", 0, "root"), "line 1: expected word 1, found 2"),
        (row(1, "cat", 7, "nsubj"), "line 1: expected a head from 0 to 1 that is another word, found 7"),
        (row(1, "cat", 1, "nsubj"), "line 1: expected a head from 0 to 1 that is another word, found 1"),
        (row(1, "cat", "_", "nsubj"), "line 1: expected the number of a head, found _"),
        (row(1, "cat", "9" * 9, "nsubj"), "line 1: expected the number of a head, found 999999999"),
        (row(1, "cat", 0, "_"), "line 1: expected a relation such as nsubj, found _"),
        (row(1, "c\x1b[2Jat", 0, "root"), "line 1: expected a word of 1 to 200 characters that can be seen"),
        (row(1, "", 0, "root"), "line 1: expected a word of 1 to 200 characters that can be seen, found nothing"),
        (row(1, "x" * 201, 0, "root"), "line 1: expected a word of 1 to 200 characters that can be seen"),
        (
            row(1, "cat", 0, "root", "Antecedent=1"),
            "line 1: expected the number of a word before it as Antecedent, found 1",
        ),
        ("1-1\tcat\t_\t_\t_\t_\t_\t_\t_\t_", "line 1: expected words from 1 on, found 1-1"),
        ("# nothing", "expected words that are det, nsubj, obj, case, aux:pass or nmod:poss, found no words"),
        (row(1, "cat", 0, "root"), "found other relations"),
    ],
)
def test_what_is_broken_is_named_with_its_line(tmp_path, line, problem):
    path = written(tmp_path, line)
    with pytest.raises(SourceError) as error:
        read_conllu(path, "own")
    assert str(error.value).startswith(f"{path}: ")
    assert problem in str(error.value)


def test_heads_lead_to_one_root(tmp_path):
    circle = [row(1, "a", 2, "det"), row(2, "b", 1, "det"), row(3, "c", 0, "root")]
    with pytest.raises(SourceError, match="line 1: expected heads that lead to the root"):
        read_conllu(written(tmp_path, *circle), "own")
    two = [row(1, "a", 0, "root"), row(2, "b", 0, "root")]
    with pytest.raises(SourceError, match="line 2: expected one root in a sentence, found 2"):
        read_conllu(written(tmp_path, *two), "own")
    many = ["1-3\tabc\t_\t_\t_\t_\t_\t_\t_\t_", row(1, "ab", 0, "root"), row(2, "c", 1, "obj")]
    with pytest.raises(SourceError, match="line 2: expected words up to 3, found 2"):
        read_conllu(written(tmp_path, *many), "own")


def test_sentences_and_files_have_a_size(tmp_path):
    long = [row(1, "a", 0, "root"), *(row(number, "a", 1, "det") for number in range(2, LONGEST_SENTENCE + 2))]
    with pytest.raises(SourceError, match=f"line {LONGEST_SENTENCE + 1}: expected a sentence of at most"):
        read_conllu(written(tmp_path, *long), "own")
    every = [line for _ in range(MOST_WORDS // 4 + 1) for line in (*GOOD, "")]
    with pytest.raises(SourceError, match=f"expected at most {MOST_WORDS:,} words in a file"):
        read_conllu(written(tmp_path, *every), "own")


def test_other_bytes_and_files_that_are_not_there_are_named(tmp_path):
    path = tmp_path / "own.conllu"
    path.write_bytes("\n".join(GOOD).encode() + b"\n\xff")
    with pytest.raises(SourceError, match="line 5: expected UTF-8, found byte 0xff"):
        open_annotated(str(path))
    with pytest.raises(SourceError, match="No such file"):
        open_annotated(str(tmp_path / "none.conllu"))
    with pytest.raises(SourceError, match="null byte"):
        open_annotated("a\0b")
    with pytest.raises(SourceError, match=r"^/dev/zero: expected a file, found a device$"):
        open_annotated("/dev/zero")


def test_lines_may_end_as_on_windows(tmp_path):
    path = tmp_path / "own.conllu"
    path.write_bytes(("\ufeff" + "\r\n".join(GOOD)).encode())
    assert open_annotated(str(path)).sentences[0].text == "A cat saw it"
