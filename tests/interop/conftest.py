from tests.e2e.fixtures import daemon, start

__all__ = ["daemon", "start"]
