"""What the push provider, and what hands pushes to it, want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.dispatch.push_router import PushRules
from notifyd.push.options import FcmOptions

if TYPE_CHECKING:
    from notifyd.config import Settings


def push_options(settings: Settings) -> FcmOptions | None:
    """The push provider; None where none is configured."""
    push = settings.push
    if not push.firebase_project_id:
        return None
    return FcmOptions(
        project_id=push.firebase_project_id,
        client_email=push.firebase_client_email,
        private_key=push.firebase_private_key.replace("\\n", "\n"),
        timeout_seconds=push.timeout_seconds,
        endpoint=push.endpoint,
        max_in_flight=push.batch_size,
    )


def push_rules(settings: Settings) -> PushRules:
    """How pushes are tried."""
    push = settings.push
    return PushRules(
        max_attempts=push.max_attempts,
        retry_seconds=push.retry_delay_seconds,
        retry_max_seconds=push.retry_max_seconds,
        max_retry_after_seconds=push.retry_max_seconds,
        batch_size=push.batch_size,
        # At worst one call after the other is made for the devices of a push, behind one for an access token; each may
        # take its time to reach the provider, and again for the answer.
        lease_seconds=settings.delivery.lease_seconds
        + 2 * push.timeout_seconds * (1 + settings.clients.max_devices_per_user),
    )
