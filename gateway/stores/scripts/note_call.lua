-- Adds one call to what is remembered of a sandbox's, and forgets the oldest that there is no room for.
--
-- KEYS  1: the calls, a list with the newest first, each `number:JSON`; 2: a hash: how many there were, how many bytes are kept
-- ARGV  1: the call, 2: how many are kept, 3: how many bytes, 4: for how long (ms) after the last
-- reply the call's number

local number = redis.call('HINCRBY', KEYS[2], 'number', 1)
local entry = string.format('%.0f:%s', number, ARGV[1])
redis.call('LPUSH', KEYS[1], entry)
local bytes = redis.call('HINCRBY', KEYS[2], 'bytes', #entry)
while redis.call('LLEN', KEYS[1]) > tonumber(ARGV[2]) or bytes > tonumber(ARGV[3]) do
  local oldest = redis.call('RPOP', KEYS[1])
  if not oldest then break end
  bytes = redis.call('HINCRBY', KEYS[2], 'bytes', -#oldest)
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return number
