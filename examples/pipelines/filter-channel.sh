#!/usr/bin/env bash
# One channel through jq into another
#
# The durable name remembers how far it is, over restarts of this script and of the daemon. What urgent notifications
# carry goes on; everything else ends here. A link of the chain that breaks ends all of it, and nothing is acked that
# jq was not given.
#
# Usage: filter-channel.sh FROM TO
set -euo pipefail
notifyctl listen "$1" --durable "filter-$2" -o ndjson |
  jq --unbuffered -c 'select(.priority >= 8) | {source: .channel, id, data}' |
  notifyctl send --lines --channel "$2" --priority 9 -q
