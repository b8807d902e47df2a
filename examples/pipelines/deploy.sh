#!/usr/bin/env bash
# A deploy that waits until somebody has taken note
#
# Exit status 7 of --wait-ack says that nobody acked in time; the deploy then does not begin.
#
# Usage: deploy.sh VERSION COMMAND...
set -euo pipefail
version=$1
shift
status=0
notifyctl send --channel deploys --priority 8 --data "{\"version\":\"$version\",\"state\":\"begins\"}" \
  --wait-ack --wait-timeout "${PATIENCE:-30s}" -q >/dev/null || status=$?
case $status in
  0) ;;
  7) echo "nobody has taken note of $version: not deployed" >&2; exit 1 ;;
  *) exit "$status" ;;
esac
"$@" || status=$?
notifyctl send --channel deploys --data "{\"version\":\"$version\",\"state\":\"ended\",\"status\":$status}" -q >/dev/null
exit "$status"
