-- Ends a reservation, by whoever holds it: a worker that was given up and replaced changes nothing.
--
-- KEYS  1: the place of the key
-- ARGV  1: nonce, 2: lifetime (ms), 3: 'done', 'unknown' or 'released', then for 'done' 4: status, 5: headers, 6: body
-- reply 1 when settled, 0 when the reservation is not this one's, or is done already

local state, nonce = unpack(redis.call('HMGET', KEYS[1], 'state', 'nonce'))
if nonce ~= ARGV[1] or state == 'done' then return 0 end
if ARGV[3] == 'released' then
  redis.call('DEL', KEYS[1])
  return 1
end
redis.call('HSET', KEYS[1], 'state', ARGV[3])
if ARGV[3] == 'done' then
  redis.call('HSET', KEYS[1], 'status', ARGV[4], 'headers', ARGV[5], 'body', ARGV[6])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
