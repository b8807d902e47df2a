from __future__ import annotations

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from notifyd.config.catalogue import catalogue
from notifyd.config.documents import Document, parse_toml
from notifyd.config.problems import ConfigProblem

SAMPLE = """\
# a comment
top = 1

[server]  # of the daemon
host = "::1"
  "port" = 3000
[ log ]
level="info"
[[channels]]
pattern = "a"
[[channels]]
max_publications = 1
pattern = "b"
[x.'y']
z.w = 1
"""


def parsed(text: str) -> Document:
    document = parse_toml("n.toml", text)
    assert isinstance(document, Document)
    return document


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("top", 2),
        ("server", 4),
        ("server.host", 5),
        ("server.port", 6),
        ("log.level", 8),
        ("channels.0.pattern", 10),
        ("channels.1", 11),
        ("channels.1.pattern", 13),
        ("x.y.z.w", 15),
    ],
)
def test_line_of_a_key(path: str, line: int):
    assert parsed(SAMPLE).place(path) == f"n.toml:{line}"


def test_a_key_without_a_line_has_that_of_its_table():
    assert parsed("\nserver = {port = 1}").place("server.port") == "n.toml:2"
    assert parsed("").place("server.port") == "n.toml"


@given(st.dictionaries(st.sampled_from([path.partition(".") for path in catalogue()]), st.integers(), min_size=1))
def test_lines_of_a_written_file(values: dict[tuple[str, str, str], int]):
    tables: dict[str, dict[str, int]] = {}
    for (section, _, name), value in values.items():
        tables.setdefault(section, {})[name] = value
    text = tomli_w.dumps(tables)
    for section, _, name in values:
        line = int(parsed(text).place(f"{section}.{name}").rpartition(":")[2])
        assert text.splitlines()[line - 1].startswith(f"{name} = ")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = 1\nb = = 2\n", "n.toml, line 2, column 5"),
        ("a = 1\na = 2\n", "n.toml, line 2, column 6"),
        ("\n[a", "n.toml, line 2"),
        ("a = " + "[" * 10_000, "n.toml"),
    ],
)
def test_malformed_toml_says_where(text: str, place: str):
    problem = parse_toml("n.toml", text)
    assert isinstance(problem, ConfigProblem)
    assert problem.place == place
    assert "(at " not in problem.message


@given(st.text(alphabet="[]=\"'\n#.a1 {},\\", max_size=60))
def test_any_text_is_a_document_or_a_problem(text: str):
    assert isinstance(parse_toml("n", text), Document | ConfigProblem)
