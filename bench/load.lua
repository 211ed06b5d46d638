-- One workload for wrk, from the environment; what it measured, as one line of JSON. BENCH_PAUSE_MS: what each connection waits
-- before it asks again, where it is not to ask as fast as it is answered. BENCH_NUMBERED: where each request has a body of its own, what
-- NUMBER in it becomes, with ten hex digits that count them.
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

local numbered = os.getenv("BENCH_NUMBERED")
if numbered then
  local head, tail = string.match(body, "^(.*)NUMBER(.*)$")
  local count = 0
  function request()
    count = count + 1
    return wrk.format(method, path, headers, head .. numbered .. string.format("%010x", count) .. tail)
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
