-- One workload for wrk, from the environment; what it measured, as one line of JSON. BENCH_PAUSE_MS: what each connection waits
-- before it asks again, where it is not to ask as fast as it is answered.
local method, path, body = os.getenv("BENCH_METHOD"), os.getenv("BENCH_PATH"), os.getenv("BENCH_BODY")
local headers, keyed = {}, os.getenv("BENCH_KEYED")
for name, value in string.gmatch(os.getenv("BENCH_HEADERS"), "([^:\n]+): ([^\n]*)") do headers[name] = value end
wrk.method, wrk.path, wrk.headers = method, path, headers
if body ~= "" then wrk.body = body end

if keyed ~= "" then
  local count = 0
  function request()
    count = count + 1
    headers["Idempotency-Key"] = keyed .. "-" .. count
    return wrk.format(method, path, headers, wrk.body)
  end
end

local pause = os.getenv("BENCH_PAUSE_MS")
if pause then
  function delay() return tonumber(pause) end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "failed": %d, "p50_ms": %f, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
