#!/usr/bin/env bash
# A channel to a webhook
#
# Each notification is posted as JSON, in order, with its id as Idempotency-Key. Only an answer 2xx acks it; 429, 5xx
# and lost connections are tried again for a minute, and then the daemon sends it again.
#
# Usage: forward.sh CHANNEL URL
set -euo pipefail
exec notifyctl listen "$1" --durable forward --forward-to "$2" --forward-timeout 1m
