#!/usr/bin/env bash
# Lines of a log into a channel
#
# Each new line becomes one notification: a JSON object is its data, other text becomes {"body": line}. Lines that are
# refused are told on standard error, and the others go on.
#
# Usage: log-to-channel.sh FILE CHANNEL
set -euo pipefail
tail -n 0 -F "$1" | notifyctl send --lines --channel "$2" -q
