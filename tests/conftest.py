"""The suite's charter.

Loopback and port 0, or a Unix socket in `tmp_path`. Every test that waits has an absolute deadline. A test that waits
for time uses trio's autojump clock; a test with threads or real sockets does not, because that clock jumps while
threads work. One side always initiates. Nothing sleeps to let things settle. A bug fix arrives with the test that
failed.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Machines that run this are shared: a slow example is no failure, and the same examples come every time.
settings.register_profile(
    "suite", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
