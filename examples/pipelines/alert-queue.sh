#!/usr/bin/env bash
# An alert when the queue grows
#
# Looks at the queue every few seconds and tells the channel TO when more than LIMIT notifications wait, and again when
# it is well. The alert overtakes what waits: it has the highest priority.
#
# Usage: alert-queue.sh LIMIT TO [INTERVAL]
set -euo pipefail
notifyctl stats --watch --interval "${3:-5s}" -o ndjson |
  jq --unbuffered -r --argjson limit "$1" '(.queue.waiting > $limit) as $high | "\($high) \(.queue.waiting)"' |
  {
    before=false
    while read -r high waiting; do
      if [ "$high" != "$before" ]; then
        notifyctl send --channel "$2" --priority 10 --data "{\"queueHigh\":$high,\"waiting\":$waiting}" -q
        before=$high
      fi
    done
  }
