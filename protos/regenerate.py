"""Generate daemon/notifyd/v1 from protos/notifyd/v1, or with --check say whether what is committed is fresh."""

from __future__ import annotations

import filecmp
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "protos" / "notifyd" / "v1").glob("*.proto"))
GENERATED = ROOT / "daemon" / "notifyd" / "v1"


def generate(into: Path) -> None:
    """Write the modules of every .proto file under *into*; service stubs only for files that declare a service."""
    well_known = Path(protoc.__file__).parent / "_proto"
    include = [f"-I{ROOT / 'protos'}", f"-I{well_known}"]
    _protoc(*include, f"--python_out={into}", f"--pyi_out={into}", *map(str, SOURCES))
    services = [str(source) for source in SOURCES if "\nservice " in source.read_text()]
    _protoc(*include, f"--grpc_python_out={into}", *services)


def _protoc(*arguments: str) -> None:
    if protoc.main(["protoc", *arguments]) != 0:
        sys.exit("protoc failed; what is wrong stands above")


def stale() -> list[str]:
    """Names of generated files that differ from what the .proto files say, missing and left-over ones included."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh = Path(folder) / "notifyd" / "v1"
        names = {path.name for path in fresh.glob("*_pb2*")} | {path.name for path in GENERATED.glob("*_pb2*")}
        return sorted(name for name in names if not _same(fresh / name, GENERATED / name))


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and filecmp.cmp(one, other, shallow=False)


def main() -> None:
    """Regenerate, or check with --check: exit status 1 names the stale files."""
    if sys.argv[1:] != ["--check"]:
        generate(ROOT / "daemon")
    elif names := stale():
        sys.exit(f"stale, run `make protos`: {', '.join(names)}")


if __name__ == "__main__":
    main()
