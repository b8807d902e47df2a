from __future__ import annotations

import pytest

from notifyd.config.setting import Setting


def test_a_declaration_cannot_be_changed():
    with pytest.raises(AttributeError):
        Setting("Doc.").low = 3


def test_a_plain_declaration_is_unbounded_and_needs_a_restart():
    setting = Setting("Doc.")
    assert (setting.low, setting.high, setting.reload, setting.secret) == (0, None, False, False)
