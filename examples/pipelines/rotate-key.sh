#!/usr/bin/env bash
# A key that is rotated by a cron job
#
# The new key takes the place of the one in FILE in one step, so that whoever reads the file finds a whole key; the old
# one stays good for a day. For example, weekly: 0 4 * * 1 rotate-key.sh KEY_ID /etc/shop/notifyd.key
#
# Usage: rotate-key.sh KEY_ID FILE
set -euo pipefail
umask 077
new=$(mktemp "$2.XXXXXX")
trap 'rm -f "$new"' EXIT
notifyctl keys rotate "$1" --overlap 24h -q >"$new"
mv "$new" "$2"
