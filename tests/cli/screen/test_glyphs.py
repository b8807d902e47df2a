from __future__ import annotations

import pytest

from notifyctl.screen.glyphs import ASCII, UNICODE, Glyphs, fitted, gauge, glyphs_for, spark


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([], "    "),
        ([0, 0], "  ▁▁"),
        ([1, 4, 8], " ▂▄▇"),
        ([5], "   ▇"),
        ([0.001, 9], "  ▂▇"),
        ([9, 1, 2, 4, 8], "▂▃▄▇"),
    ],
    ids=str,
)
def test_sparks_show_the_newest_on_the_right(values: list[float], bars: str) -> None:
    assert spark(values, 4, UNICODE) == bars


def test_sparks_without_room_are_none() -> None:
    assert spark([1, 2], 0, UNICODE) == ""


def test_sparks_in_plain_characters() -> None:
    assert spark([0, 4, 8], 3, ASCII) == "_=#"


@pytest.mark.parametrize(
    ("share", "shown"), [(0, "────"), (0.5, "━━──"), (1, "━━━━"), (7, "━━━━"), (0.0001, "╸───"), (0.6, "━━╸─")]
)
def test_gauges(share: float, shown: str) -> None:
    assert "".join(gauge(share, 4, UNICODE)) == shown


@pytest.mark.parametrize(("share", "shown"), [(0, "...."), (0.01, "#..."), (0.5, "##..")])
def test_gauges_in_plain_characters(share: float, shown: str) -> None:
    assert "".join(gauge(share, 4, ASCII)) == shown


@pytest.mark.parametrize(
    ("environment", "glyphs"),
    [
        ({}, UNICODE),
        ({"LANG": "de_DE.UTF-8"}, UNICODE),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, ASCII),
        ({"LANG": "de_DE.ISO-8859-1"}, ASCII),
        ({"LC_CTYPE": "C.utf8", "LANG": "C"}, UNICODE),
        ({"LANG": "C.UTF-8", "TERM": "linux"}, ASCII),
    ],
    ids=str,
)
def test_the_characters_that_a_terminal_can_show(environment: dict[str, str], glyphs: Glyphs) -> None:
    assert glyphs_for(environment) is glyphs


@pytest.mark.parametrize(
    ("text", "cells"), [("ab", "ab  "), ("abcd", "abcd"), ("abcde", "abc…"), ("日本語", "日 …"), ("日本", "日本")]
)
def test_cells_have_their_width_whatever_stands_in_them(text: str, cells: str) -> None:
    assert fitted(text, 4, UNICODE) == cells


def test_figures_stand_on_the_right() -> None:
    assert fitted("7", 3, UNICODE, right=True) == "  7"
    assert fitted("7", 0, UNICODE) == ""
