"""No option of the help is left out by both the examples and the tests."""

import itertools

from tests.cli.leaves import COMMON, LEAVES, options
from tests.cli.named import named


def test_every_option_is_in_an_example_or_a_test():
    found = named()
    missing = {
        path: sorted(
            option.opts[0]
            for option in options(path)
            if option.opts[0] not in found[path] and option.opts[0] not in COMMON
        )
        for path in LEAVES
    }
    left_out = [f"{path} {' '.join(names)}" for path, names in missing.items() if names]
    assert not left_out, (
        "no example and no test names these options: "
        + "; ".join(left_out)
        + ". Name them in an Example: of the help, or in a line of MORE in tests/cli/examples/runs.py"
    )
    assert set(itertools.chain.from_iterable(found.values())) >= COMMON
