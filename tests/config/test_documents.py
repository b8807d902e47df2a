from __future__ import annotations

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from notifyd.config.catalogue import catalogue
from notifyd.config.documents import Document, parse_dotenv, parse_toml
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


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("export A = 1 ", "1"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=a#b # c", "a#b"),
        ("A='a # b' # c", "a # b"),
        (r"A='a\nb'", r"a\nb"),
        (r'A="a\nb\t\"\\ # \$"', 'a\nb\t"\\ # $'),
        ('A="two\nlines"', "two\nlines"),
        ("A=1\r\n", "1"),
        ("A=1\nA=2", "2"),
        ("# A=3\n\n  A=it's", "it's"),
    ],
)
def test_dotenv_value(line: str, value: str):
    assert parse_dotenv(".env", line) == ({"A": value}, [])


def test_a_dotenv_line_that_is_no_variable_is_a_problem_and_no_end():
    variables, problems = parse_dotenv(".env", 'A=1\nwhat is this\nB="open\nC=2\n')
    assert variables == {"A": "1", "C": "2"}
    assert [str(problem) for problem in problems] == [
        ".env, line 2: must be NAME=value",
        ".env, line 3: must be NAME=value",
    ]


@given(st.text(alphabet="AB=\"'\\\n\r#  x", max_size=60))
def test_any_text_is_read_as_dotenv_to_its_end(text: str):
    variables, problems = parse_dotenv(".env", text + "\nLAST=1")
    assert variables.get("LAST") == "1" or problems or any("LAST=1" in value for value in variables.values())
