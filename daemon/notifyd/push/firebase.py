"""All that touches firebase-admin. Blocking; importing this takes a third of a second and 43 MiB: do it in a thread."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import firebase_admin
import google.auth.exceptions
import msgspec
import requests
import structlog
import urllib3
from firebase_admin import _http_client, credentials, exceptions, messaging
from google.auth.transport.requests import AuthorizedSession, Request

from notifyd.errors import Invalid
from notifyd.policy.pushing.answers import TIMEOUT, UNREACHABLE, SendResult

if TYPE_CHECKING:
    from notifyd.policy.pushing.content import PushContent, PushMessage
    from notifyd.push.options import FcmOptions

log = structlog.get_logger("notifyd.push")

_FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_ACCEPTED: Final = SendResult(200)


class Firebase:
    """One app of the library, with a name of its own, for one service account."""

    def __init__(self, options: FcmOptions) -> None:
        """Connects to nobody yet.

        Raises:
            Invalid: the private key cannot be read; the message does not show it.
        """
        certificate = _certificate(options)
        self._credential: Any = certificate.get_credential()
        self._token_session = _session_of(requests.Session(), threads=1)
        self._request = partial(Request(self._token_session), timeout=options.timeout_seconds)
        self._app = firebase_admin.initialize_app(
            certificate, {"projectId": options.project_id}, name=f"notifyd-{secrets.token_hex(8)}"
        )
        self._session = self._take_over(options)

    def _take_over(self, options: FcmOptions) -> requests.Session:
        """Make the library send where and how we say.

        Its own session retries inside the thread, for half a minute when asked to by Retry-After, and fetches
        a new access token twice for each 401, even where that is about the credentials of Apple.
        """
        session: requests.Session = AuthorizedSession(  # type: ignore[no-untyped-call]  # google-auth is typed in part
            self._credential, max_refresh_attempts=1, auth_request=self._request
        )
        service = messaging._get_messaging_service(self._app)
        service._client.close()
        service._client = _http_client.JsonHttpClient(
            session=_session_of(session, options.max_in_flight), retries=False, timeout=options.timeout_seconds
        )
        service._fcm_url = options.send_url
        return session

    def authorized(self) -> bool:
        """Whether there is an access token that is still good."""
        return bool(self._credential.valid)

    def authorize(self) -> SendResult | None:
        """Get an access token; answers what went wrong, or None."""
        try:
            self._credential.refresh(self._request)
        except Exception as exc:  # noqa: BLE001  # the library lets through whatever its parsing trips over
            return failure_of(exc)
        return None

    def send(self, message: PushMessage) -> SendResult:
        """Try once to hand *message* over."""
        try:
            messaging.send(message_of(message), app=self._app)
        except Exception as exc:  # noqa: BLE001  # as in authorize
            return failure_of(exc)
        return _ACCEPTED

    def close(self) -> None:
        """Delete the app and close its connections."""
        firebase_admin.delete_app(self._app)
        self._session.close()
        self._token_session.close()


def _certificate(options: FcmOptions) -> credentials.Certificate:
    account = {
        "type": "service_account",
        "project_id": options.project_id,
        "client_email": options.client_email,
        "private_key": options.private_key,
        "token_uri": options.token_url,
    }
    try:
        certificate = credentials.Certificate(account)
        # some kinds of keys are read and cannot sign
        certificate.signer.sign(b"")
    except Exception:  # noqa: BLE001  # each kind of wrong key raises something else
        # without its cause, which may quote from the key
        raise Invalid(
            "the Firebase private key cannot be read: it must be the PEM text of the service account's private_key, "
            "from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----, its line breaks as they are or written \\n",
            code="config_invalid",
        ) from None
    return certificate


def _session_of(session: requests.Session, threads: int) -> requests.Session:
    """*session*, without retries, with a connection for each thread."""
    for prefix in list(session.adapters):
        session.mount(prefix, requests.adapters.HTTPAdapter(pool_maxsize=threads, max_retries=0))
    return session


def message_of(push: PushMessage) -> messaging.Message:
    """*push* in the words of the library."""
    content = push.content
    message = messaging.Message(
        data=content.data,
        notification=_notification(content),
        android=_android(content),
        apns=_apns(content),
        webpush=_webpush(content),
    )
    # given to the constructor it warns of a successor that FCM's tokens do not have yet
    message.token = push.token
    return message


def _notification(content: PushContent) -> messaging.Notification | None:
    if not content.shown:
        return None
    return messaging.Notification(content.title or None, content.body or None, content.image_url or None)


def _android(content: PushContent) -> messaging.AndroidConfig:
    shown = messaging.AndroidNotification(tag=content.notification_id) if content.shown else None
    priority = "high" if content.high else "normal"
    return messaging.AndroidConfig(priority=priority, ttl=content.ttl_seconds, notification=shown)


def _apns(content: PushContent) -> messaging.APNSConfig:
    # Apple refuses what is not shown at the highest priority
    high = content.high and content.shown
    headers = {
        "apns-priority": "10" if high else "5",
        "apns-expiration": str(content.expires_at),
        "apns-push-type": "alert" if content.shown else "background",
    }
    if content.shown:
        headers["apns-collapse-id"] = content.notification_id
    aps = messaging.Aps(
        content_available=None if content.shown else True, mutable_content=True if content.image_url else None
    )
    return messaging.APNSConfig(headers=headers, payload=messaging.APNSPayload(aps))


def _webpush(content: PushContent) -> messaging.WebpushConfig:
    headers = {"TTL": str(content.ttl_seconds), "Urgency": "high" if content.high else "normal"}
    shown = messaging.WebpushNotification(tag=content.notification_id) if content.shown else None
    link = messaging.WebpushFCMOptions(link=content.link) if content.link else None
    return messaging.WebpushConfig(headers=headers, notification=shown, fcm_options=link)


def failure_of(exc: Exception) -> SendResult:
    """What *exc*, raised by the library or by what it stands on, says about the message."""
    response = getattr(exc, "http_response", None)
    if response is not None:
        return _refusal(response)
    cause = getattr(exc, "cause", None) or exc
    match cause:
        case requests.exceptions.ConnectTimeout() | google.auth.exceptions.TransportError():
            return SendResult(0, UNREACHABLE)
        case requests.exceptions.Timeout():
            return SendResult(0, TIMEOUT)
        case requests.exceptions.ConnectionError(args=(urllib3.exceptions.ProtocolError(), *_)):
            # a connection that stood and broke, such as one that was kept for too long
            return SendResult(0, "connection_lost")
        case requests.exceptions.ConnectionError():
            return SendResult(0, UNREACHABLE)
        case google.auth.exceptions.RefreshError():
            return _no_token(cause)
        case exceptions.FirebaseError() | requests.exceptions.RequestException():
            return SendResult(0, "unreadable_answer")
    log.warning("push_answer_unreadable", problem=type(exc).__name__)
    return SendResult(0, "unreadable_answer")


def _no_token(exc: google.auth.exceptions.RefreshError) -> SendResult:
    """Without an access token nobody can be pushed: as good as unreachable, unless the account itself is refused."""
    if getattr(exc, "retryable", False):
        return SendResult(0, UNREACHABLE)
    return SendResult(401, "CREDENTIALS_REFUSED")


class _Detail(msgspec.Struct, rename="camel"):
    type: str = msgspec.field(default="", name="@type")
    error_code: str = ""
    field_violations: list[dict[str, Any]] = []


class _Error(msgspec.Struct):
    status: str = ""
    message: str = ""
    details: list[_Detail] = []


class _Answer(msgspec.Struct):
    error: _Error


def _refusal(response: requests.Response) -> SendResult:
    try:
        error = msgspec.json.decode(response.content, type=_Answer).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = _Error()
    code = next((detail.error_code for detail in error.details if detail.type == _FCM_ERROR), "")
    fields = [str(each.get("field", "")) for detail in error.details for each in detail.field_violations]
    return SendResult(
        status=response.status_code,
        code=code or error.status,
        message=" ".join([error.message, *fields]),
        retry_after=response.headers.get("Retry-After", ""),
    )
