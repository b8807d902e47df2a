"""notifyctl tokens."""

from notifyctl.command import Invocation, command, noun
from notifyctl.exits import Refusal, Status
from notifyctl.output import Column
from notifyd.v1 import admin_pb2 as pb

app = noun("Tokens that open the daemon's interfaces.")


@command(
    app,
    "admin",
    example='curl -H "Authorization: Bearer $(notifyctl tokens admin)" http://127.0.0.1:3000/api/stats',
)
def admin(run: Invocation) -> None:
    """Print the admin token, which admin calls over HTTP need."""
    token = run.daemon.call("GetAdminToken", pb.GetAdminTokenRequest()).token
    if not token:
        raise Refusal(
            "The daemon runs in development mode, where no admin token is asked for.", Status.CONFLICT, code="conflict"
        )
    if run.output.form in ("json", "ndjson"):
        run.output.one({"token": token}, [Column("Token", "token")], key="token")
    else:
        run.output.text(token)
