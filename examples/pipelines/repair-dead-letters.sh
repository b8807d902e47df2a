#!/usr/bin/env bash
# Dead letters, mended with jq and sent again
#
# FILTER is a jq program that makes good data of the data that nobody could handle. Each letter is sent as a new
# notification, and dropped only when that was accepted. Where the receiver was at fault and not the data, there is
# nothing to mend: notifyctl dead-letters retry --all --channel CHANNEL --yes
#
# Usage: repair-dead-letters.sh CHANNEL FILTER
set -euo pipefail
notifyctl dead-letters export --channel "$1" |
  jq -c "{id, data: (.data | $2)}" |
  while read -r letter; do
    printf '%s' "$letter" | jq -c .data | notifyctl send --channel "$1" --data @- -q
    printf '%s' "$letter" | jq -r .id | xargs notifyctl dead-letters drop --yes -q >&2
  done
