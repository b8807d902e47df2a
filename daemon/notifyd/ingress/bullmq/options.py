"""Where the jobs are, and how many are in work."""

from __future__ import annotations

import msgspec

from notifyd.redislink.options import RedisOptions


class BullmqOptions(msgspec.Struct, frozen=True):
    """One queue of BullMQ."""

    redis: RedisOptions
    queue: str = "notifications"
    #: Name of the jobs; `*` stands for any run of characters. Jobs of other names fail at once.
    job: str = "notification-job"
    #: What BullMQ's keys begin with.
    prefix: str = "bull"
    #: Jobs in work at once.
    concurrency: int = 50
    #: Of the data of one job.
    max_data_bytes: int = 1_048_576
    #: While a job is younger than this, a client that is not known may have been registered by another daemon a moment
    #: ago: the job is looked at again. 0 where nobody else registers any.
    recheck_ms: int = 0
    #: Which service this is, for operators of others that take jobs from the same queue; the same on all its nodes.
    service: str = "notifyd"
    #: What BullMQ's `getWorkers` calls this consumer.
    name: str = "notifyd"


class Timing(msgspec.Struct, frozen=True):
    """How long things take that BullMQ leaves to its workers. A job that runs twice does no harm: see `wire.bullmq`."""

    #: A job whose consumer was silent for so long may be given to another.
    lock_seconds: float = 10.0
    #: How often that is looked for.
    stalled_seconds: float = 3.0
    #: How often a job may be given to another consumer before BullMQ calls it failed.
    max_stalls: int = 10
    #: How long an idle consumer waits for the marker of new jobs before it looks for itself.
    idle_seconds: float = 5.0
    #: A notification that is not kept after this time makes the try fail.
    keep_seconds: float = 30.0
    #: How often it is told, and looked, which services take jobs from the queue.
    sharing_seconds: float = 10.0

    @property
    def lock_ms(self) -> int:
        """The lock in BullMQ's unit."""
        return round(self.lock_seconds * 1000)
