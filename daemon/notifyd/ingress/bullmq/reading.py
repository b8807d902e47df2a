"""A job that was taken, as the daemon sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Invalid, NotifydError
from notifyd.ingress.bullmq.offers import Offer
from notifyd.policy.access.scopes import matches
from notifyd.wire.bullmq import JobIdentity, job_publish

if TYPE_CHECKING:
    from notifyd.ingress.bullmq.options import BullmqOptions
    from notifyd.ingress.bullmq.queue import Taken
    from notifyd.model.command import Publish
    from notifyd.model.ids import ClientId


def offer_of(ticket: int, taken: Taken, options: BullmqOptions) -> Offer:
    """What it asks for, or what is wrong with it."""
    added_at = taken.job.timestamp
    try:
        client_id, command = _read(taken, options)
    except NotifydError as problem:
        return Offer(ticket, added_at, taken.starts, problem=problem)
    return Offer(ticket, added_at, taken.starts, client_id, command)


def _read(taken: Taken, options: BullmqOptions) -> tuple[ClientId, Publish]:
    if taken.problem is not None:
        raise taken.problem
    job = taken.job
    if not matches((options.job,), job.name or ""):
        raise Invalid(f"no job of notifyd: it is named {job.name!r:.80}, not {options.job!r}", code="unknown_job")
    identity = JobIdentity(f"{options.prefix}:{options.queue}", job.id, job.timestamp)
    return job_publish(taken.data, identity, max_bytes=options.max_data_bytes)
