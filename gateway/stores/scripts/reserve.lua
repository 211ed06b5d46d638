-- One reservation of an idempotency key, or what is known of an earlier one. By the store's clock.
--
-- KEYS  1: the place of the key
-- ARGV  1: fingerprint, 2: nonce, 3: lease (µs), 4: lifetime (ms), 5: '1' takes over when the outcome is unknown
-- reply {'reserved'} | {'reused'} | {'done', status, headers, body or nil when it was not kept} | {'running', for (µs), left (µs)} | {'unknown'}

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state, fingerprint, since = unpack(redis.call('HMGET', KEYS[1], 'state', 'fingerprint', 'since'))

if state then
  if fingerprint ~= ARGV[1] then return {'reused'} end
  if state == 'done' then return {'done', unpack(redis.call('HMGET', KEYS[1], 'status', 'headers', 'body'))} end
  -- A clock that was set back must not lengthen the lease by more than it ran.
  local ran = math.max(0, now - tonumber(since))
  if state == 'running' and ran < tonumber(ARGV[3]) then return {'running', ran, ARGV[3] - ran} end
  -- Whoever held it sent something and died, or said that it does not know.
  if ARGV[5] ~= '1' then return {'unknown'} end
end

redis.call('HSET', KEYS[1], 'state', 'running', 'fingerprint', ARGV[1], 'nonce', ARGV[2],
  'since', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {'reserved'}
