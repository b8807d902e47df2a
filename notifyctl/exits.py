"""How a command can end: the exit statuses, and the refusal that carries one."""

from __future__ import annotations

import enum
import re
from typing import Final


class Status(enum.IntEnum):
    """Exit statuses; a script may rely on them."""

    OK = 0
    #: Something went wrong that no other status names.
    FAILED = 1
    #: The command line, or what it hands to the daemon, is wrong.
    USAGE = 2
    NOT_FOUND = 3
    #: The credential, or the user of this process, may not do it.
    DENIED = 4
    #: The state of things forbids it.
    CONFLICT = 5
    #: No daemon answers.
    UNREACHABLE = 6
    TIMED_OUT = 7
    #: Some of it was done and some refused.
    PARTLY = 8
    #: A limit is reached, or the queue is full: later it may work.
    RATE_LIMITED = 9
    INTERRUPTED = 130


class Refusal(Exception):
    """Ends a command with one sentence for the operator.

    Attributes:
        message: the sentence.
        status: the exit status.
        code: a stable word, the daemon's where it gave one.
        retry_after_seconds: when trying again may help, or None.
        request_id: what the daemon's log calls the call that it refused; "" where it never had it.
    """

    def __init__(
        self,
        message: str,
        status: Status = Status.FAILED,
        *,
        code: str = "",
        retry_after_seconds: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code or status.name.lower()
        self.retry_after_seconds = retry_after_seconds
        self.request_id = request_id


def usage(sentence: str) -> Refusal:
    """A refusal of the command line itself."""
    return Refusal(sentence, Status.USAGE, code="usage")


_BY_CODE: Final = {
    Status.USAGE: (
        "binary_payload",
        "certificate_invalid",
        "config_invalid",
        "incomplete_body",
        "method_not_allowed",
        "several_credentials",
        "too_deep",
        "too_large",
        "too_many_targets",
        "unsupported_media_type",
    ),
    Status.NOT_FOUND: ("console_off", "not_found"),
    Status.DENIED: (
        "address_not_allowed",
        "admin_token_required",
        "api_key_ended",
        "api_key_expired",
        "client_mismatch",
        "client_removed",
        "console_session_required",
        "forbidden",
        "forged",
        "invalid_api_key",
        "invalid_client_secret",
        "invalid_token",
        "kicked",
        "local_only",
        "not_authenticated",
        "origin_not_allowed",
        "presence_off",
        "publishing_forbidden",
        "scope_missing",
        "secret_replaced",
        "unsupported_authorization",
        "user_token_required",
    ),
    Status.CONFLICT: (
        "already_authenticated",
        "already_running",
        "client_exists",
        "client_protected",
        "config_changed",
        "conflict",
        "durable_in_use",
        "expired",
        "idempotency_key_reused",
        "key_expired",
        "key_revoked",
        "not_kept",
        "overlay_not_writable",
        "records_differ",
        "subscription_gone",
    ),
    Status.UNREACHABLE: ("draining", "not_ready", "store_unavailable", "unavailable"),
    Status.RATE_LIMITED: ("queue_full", "rate_limited", "resource_exhausted", "slow_consumer"),
}
_FAMILIES: Final = (
    (re.compile(r"(invalid|no|unknown)_.*"), Status.USAGE),
    (re.compile(r".*_not_found"), Status.NOT_FOUND),
    (re.compile(r"token_.*|(missing|other|wrong)_.*"), Status.DENIED),
    (re.compile(r"too_many_.*"), Status.RATE_LIMITED),
)


def status_of(code: str) -> Status:
    """The exit status for the daemon's stable word *code*; FAILED for a word that is not known here."""
    for status, codes in _BY_CODE.items():
        if code in codes:
            return status
    return next((status for family, status in _FAMILIES if family.fullmatch(code)), Status.FAILED)
