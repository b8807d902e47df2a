from tests.faults.fixtures import faulty

__all__ = ["faulty"]
