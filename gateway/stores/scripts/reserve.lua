-- Reserves an Idempotency-Key, or says what became of it.
--
-- KEYS 1: the key's record   ARGV 1: fingerprint, 2: nonce, 3: lease ms, 4: lifetime ms, 5: "1" to run an unknown outcome again
-- reply: {"reserved"} {"running", ms left} {"stored", status, headers, body} {"reused"} {"unknown"}
local kept = redis.call('HMGET', KEYS[1], 'fingerprint', 'state', 'until')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function reserved()
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'state', 'running', 'nonce', ARGV[2], 'until', now + ARGV[3])
  return {'reserved'}
end
if not kept[1] then
  reserved()
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return {'reserved'}
end
if kept[1] ~= ARGV[1] then return {'reused'} end
if kept[2] == 'done' then
  local answer = redis.call('HMGET', KEYS[1], 'status', 'headers', 'body')
  return {'stored', answer[1], answer[2], answer[3]}
end
local left = tonumber(kept[3]) - now
if kept[2] == 'running' and left > 0 then return {'running', left} end
if ARGV[5] == '1' then return reserved() end
return {'unknown'}
