-- Gives back one unit that `admit` took: of an attempt that turned out not to count.
--
-- KEYS  1: the state of a policy   ARGV 1: step (µs), 2: slices (0: a token bucket)
-- reply 1 when there was a unit to give back, else 0
--
-- The state is as `admit` keeps it, and lives no longer than it would have. Of a window the unit leaves the newest slice
-- that holds one: nobody gets more than was taken.

local state = redis.call('GET', KEYS[1])
if not state then return 0 end
local step, slices = tonumber(ARGV[1]), tonumber(ARGV[2])
if slices == 0 then
  -- behind the number may stand what was promised to those who were refused
  local full, promised = string.match(state, '^(%d+)(.*)$')
  redis.call('SET', KEYS[1], string.format('%.0f', tonumber(full) - step) .. promised, 'KEEPTTL')
  return 1
end
local ring = slices + 1
local window = cmsgpack.unpack(state)
if window[2] == 0 then return 0 end
for slice = window[1], window[1] - slices, -1 do
  local at = 3 + slice % ring
  if window[at] > 0 then
    window[at] = window[at] - 1
    window[2] = window[2] - 1
    redis.call('SET', KEYS[1], cmsgpack.pack(window), 'KEEPTTL')
    return 1
  end
end
return 0
