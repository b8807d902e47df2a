-- wrk: publishes to a channel without subscribers, and prints how many were accepted as JSON.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = os.getenv("KEY")
wrk.body = '{"channel":"nobody","data":{"title":"New message","body":"You have a new notification"}}'

function done(summary, latency, requests)
  local errors = summary.errors
  local accepted = summary.requests - errors.status
  io.write(string.format('{"accepted":%d,"refused":%d,"broken":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n', accepted,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
