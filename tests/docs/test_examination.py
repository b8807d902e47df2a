"""notifyd(8), section EXAMINATION, against the checks."""

from __future__ import annotations

import re

from tests.app.showing.test_doctor import ALWAYS, CONFIGURED
from tests.docs.pages import page, section
from tests.policy.diagnosis.test_engines import MONGO, REDIS, judge_mongo, judge_redis


def test_every_check_is_described_and_no_other():
    heads = re.findall(r"^\.It Ic (.+)$", section(page("notifyd.8"), "EXAMINATION"), re.MULTILINE)
    described = [name for head in heads for name in head.split(" , ")]
    found = {finding.name for finding in (*judge_redis([REDIS]), *judge_mongo(MONGO))}
    assert set(described) == found | set(ALWAYS) | set(CONFIGURED)
    assert len(described) == len(set(described))
