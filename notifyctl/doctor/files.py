"""Files that a daemon will want to read when it starts: who else may, and whether its certificate is good."""

from __future__ import annotations

import stat
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.config import Loaded

#: A group of its own is how servers are given keys and settings; only the rest of the world is too much.
_STRANGERS: Final = 0o007
_RENEW_DAYS: Final = 14


def exposed_files(loaded: Loaded) -> list[Path]:
    """Files with secrets that everybody on this machine may read."""
    return [path for path in _secret_files(loaded) if _open_to_strangers(path)]


def _secret_files(loaded: Loaded) -> list[Path]:
    from notifyd.config.catalogue import catalogue
    from notifyd.config.places import overlay_file

    kept = {loaded.origins[path].partition(" ")[0] for path, entry in catalogue().items() if entry.setting.secret}
    found = [webhook.secret_file for webhook in loaded.settings.webhooks]
    found.append(loaded.settings.server.tls_key)
    if loaded.file is not None:
        found.append(loaded.file if "file" in kept else None)
        found.append(overlay_file(loaded.file) if "overlay" in kept else None)
    return [path for path in found if path is not None]


def _open_to_strangers(path: Path) -> bool:
    with suppress(OSError):
        return bool(stat.S_IMODE(path.stat().st_mode) & _STRANGERS)
    return False


def certificate_problem(path: Path) -> tuple[str, str]:
    """What is wrong with the certificate at *path*, and whether it is `failed` or a `warning`; `ok` with its end."""
    from cryptography import x509

    try:
        ends_at = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except OSError as exc:
        return f"{path} cannot be read: {exc.strerror or exc}", "failed"
    except ValueError:
        return f"{path} is no certificate in PEM", "failed"
    left = ends_at - datetime.now(UTC)
    if left.total_seconds() <= 0:
        return f"{path} has expired on {ends_at:%Y-%m-%d}", "failed"
    if left.days < _RENEW_DAYS:
        return f"{path} ends in {left.days} days, on {ends_at:%Y-%m-%d}", "warning"
    return f"{path} is good until {ends_at:%Y-%m-%d}", "ok"
