"""A short soak, to see that everything comes back and that the long one can be run at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.patience import within
from tests.soak.soak import SETTINGS, Plan, Soak, configure
from tests.soak.verdict import table, verdict

if TYPE_CHECKING:
    from tests.e2e.fixtures import Starter


@pytest.mark.slow
@within(120)
async def test_everything_comes_back_after_a_short_load(start: Starter) -> None:
    daemon = await start(*SETTINGS, started=False)
    configure(daemon)
    await daemon.start()
    samples = await Soak(daemon, Plan(warm_up=6, quiet=2, load=10, between_samples=0.5), print).run()
    rows = verdict(samples)
    print("\n".join(table(rows)))
    assert [row.name for row in rows if not row.good] == []
    busy = max(samples, key=lambda sample: sample.connections)
    assert busy.connections > 50
    assert samples[-1].opened > 300
    assert samples[-1].accepted > 500
