from tests.e2e.fixtures import start

__all__ = ["start"]
