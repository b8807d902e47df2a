"""What notifyctl(1) tells of measuring is what there is."""

import re
from pathlib import Path

from notifyctl.benching.measuring.report import METRICS

PAGE = (Path(__file__).resolve().parents[3] / "man" / "notifyctl.1").read_text(encoding="utf-8")
SECTION = PAGE.partition(".Sh MEASURING\n")[2].partition(".Sh ")[0]


def words(part: str) -> set[str]:
    """What stands there as it is typed."""
    lines = re.findall(r"^(?:\.It )?\.?Li (.*)$", part, re.MULTILINE)
    return {word for line in lines for word in re.split(r"[ ,]+", line)}


def test_every_metric_is_told_and_no_other():
    part = SECTION.partition(".Ss Objectives\n")[2].partition(".Ss ")[0]
    told = words(part) - {"<", "<=", ">", ">=", "=", "us", "ms", "s", "m", "1000", "2k", "%", "80%", "...", ".", ""}
    known = {name for metrics in METRICS.values() for name in metrics}
    assert {re.sub(r"p[\d.]+$", "p", name) for name in told} == known
