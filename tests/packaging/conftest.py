import faulthandler

import pytest


@pytest.fixture(autouse=True)
def no_dump_while_something_is_fetched() -> None:
    """Installing everything takes longer than what elsewhere is a hang; the suite's absolute deadline holds."""
    faulthandler.cancel_dump_traceback_later()
