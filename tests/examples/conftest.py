from tests.e2e.fixtures import daemon, start
from tests.e2e.service import service

__all__ = ["daemon", "service", "start"]
