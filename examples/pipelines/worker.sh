#!/usr/bin/env bash
# A durable worker
#
# HANDLER is run for each notification, one after another, with the notification as a JSON object on its standard
# input. Exit status 0 acks it. Anything else refuses it: it comes again, and is a dead letter after the last try.
# Start it twice for two workers that each get everything; use another name for another task.
#
# Usage: worker.sh CHANNEL NAME HANDLER
set -euo pipefail
exec notifyctl listen "$1" --durable "$2" --exec "$3" --exec-timeout 20s
