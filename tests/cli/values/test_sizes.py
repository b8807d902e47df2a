import pytest

from notifyctl.values.sizes import brief


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (9_113, "8.9 KiB"),
        (967_779, "945 KiB"),
        (1 << 30, "1.0 GiB"),
        (200 << 20, "200 MiB"),
    ],
)
def test_brief_sizes_have_seven_characters_at_most(count: int, said: str):
    assert brief(count) == said
    assert len(brief(count)) <= 7
