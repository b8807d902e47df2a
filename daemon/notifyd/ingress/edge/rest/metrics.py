"""The figures for Prometheus, of every worker in one scrape: the next one may come to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from notifyd.telemetry.merging import merged
from notifyd.wire.http.answer import Answer

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.siblings.house import Siblings
    from notifyd.telemetry.prometheus import Exposition

_WORKER: Final = "worker"
_QUERY: Final = b"scope=worker"
_SECONDS: Final = 3.0


async def metrics(call: Call, exposition: Exposition, siblings: Siblings) -> Answer:
    """The exposition of this process, or with siblings that of all, but for `?scope=worker`."""
    own, content_type = exposition.render(call.headers.get(b"accept", b"").decode("latin-1"))
    if siblings.alone or call.query("scope") == _WORKER:
        return _answer(own, content_type)
    asked = replace(call.request, target=b"%s?%s" % (call.request.raw_path, _QUERY), query=_QUERY)
    answers = await siblings.ask_all(asked, seconds=_SECONDS)
    texts = {index: answer.body if answer and answer.status == 200 else None for index, answer in answers.items()}
    # all of them were asked with the same headers, and so answer in the same format
    return _answer(merged(dict(sorted((texts | {siblings.index: own}).items()))), content_type)


def _answer(text: bytes, content_type: str) -> Answer:
    return Answer(200, text, content_type.encode("ascii"))
