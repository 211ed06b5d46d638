-- Ends a reservation, by whoever holds it: a worker that was given up and replaced changes nothing.
--
-- KEYS  1: the place of the key, 2: how many bytes of answers are kept for its tenant, by 24th parts of the lifetime
-- ARGV  1: nonce, 2: lifetime (ms), 3: 'done', 'unknown' or 'released',
--       then for 'done' 4: status, 5: headers, 6: body, 7: the tenant's budget (bytes)
-- reply 1 when settled, 2 when settled without the body, for which the budget had no room; 0 when the reservation is not
--       this one's, or is done already

-- What is kept of an answer besides its body is more than this, so a body this small is not worth counting.
local FREE = 128

local state, nonce = unpack(redis.call('HMGET', KEYS[1], 'state', 'nonce'))
if nonce ~= ARGV[1] or state == 'done' then return 0 end
if ARGV[3] == 'released' then
  redis.call('DEL', KEYS[1])
  return 1
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if ARGV[3] ~= 'done' then
  redis.call('HSET', KEYS[1], 'state', ARGV[3])
  return 1
end

-- Whether `size` more bytes fit, which are then counted until they have expired.
local function fits(size)
  local time, part = redis.call('TIME'), ARGV[2] / 24
  local now = math.floor((time[1] * 1000 + time[2] / 1000) / part)
  local counted, kept = redis.call('HGETALL', KEYS[2]), 0
  for at = 1, #counted, 2 do
    if tonumber(counted[at]) < now - 24 then
      redis.call('HDEL', KEYS[2], counted[at])
    else
      kept = kept + counted[at + 1]
    end
  end
  if kept + size > tonumber(ARGV[7]) then return false end
  redis.call('HINCRBY', KEYS[2], string.format('%.0f', now), size)
  redis.call('PEXPIRE', KEYS[2], math.ceil(ARGV[2] + part))
  return true
end

redis.call('HDEL', KEYS[1], 'nonce', 'since')
redis.call('HSET', KEYS[1], 'state', 'done', 'status', ARGV[4], 'headers', ARGV[5])
if #ARGV[6] > FREE and not fits(#ARGV[6]) then return 2 end
redis.call('HSET', KEYS[1], 'body', ARGV[6])
return 1
