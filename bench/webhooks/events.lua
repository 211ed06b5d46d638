-- Events as the settings service posts them, each another one; what wrk measured, as one line of JSON.
local body, tag, thread_number, count = os.getenv("BENCH_BODY"), os.getenv("BENCH_TAG"), 0, 0
local head, tail = string.match(body, "^(.*)NUMBER(.*)$")

function request()
  count = count + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, head .. tag .. string.format("%010x", count) .. tail)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"count": %d, "seconds": %f, "failed": %d, "p50_ms": %f, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
