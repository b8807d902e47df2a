#!/usr/bin/env bash
# The inbox of a user, handled in the user's place
#
# For users that are programs. Whatever waits comes first; a notification that HANDLER does not take holds back the
# ones behind it until it is taken, or a dead letter. While this runs it counts as a connection of the user.
#
# Usage: inbox-worker.sh CLIENT_ID USER HANDLER
set -euo pipefail
exec notifyctl listen --client "$1" --user "$2" --ack --exec "$3"
