-- Ends a reservation; does nothing when it has passed to somebody else.
--
-- KEYS 1: the key's record   ARGV 1: nonce, 2: "done", "unknown" or "release", 3: status, 4: headers, 5: body
-- reply: 1 when the reservation was still ours
if redis.call('HGET', KEYS[1], 'nonce') ~= ARGV[1] then return 0 end
if ARGV[2] == 'release' then
  redis.call('DEL', KEYS[1])
elseif ARGV[2] == 'done' then
  redis.call('HSET', KEYS[1], 'state', 'done', 'status', ARGV[3], 'headers', ARGV[4], 'body', ARGV[5])
else
  redis.call('HSET', KEYS[1], 'state', 'unknown')
end
return 1
