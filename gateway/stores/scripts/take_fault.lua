-- The first standing fault of a sandbox that a call meets, counted down: of calls at the same time each meets its own.
--
-- KEYS  1: the sandbox's faults, a JSON array of {method, path, fault, times or nothing, left or nothing}
-- ARGV  1: method, 2: path, 3: the path's template
-- reply the fault, or nil

local kept = redis.call('GET', KEYS[1])
if not kept then return nil end
local faults = cjson.decode(kept)
for _, each in ipairs(faults) do
  local meant = (each.method == '*' or each.method == ARGV[1]) and (each.path == ARGV[2] or each.path == ARGV[3])
  if meant and (not each.left or each.left > 0) then
    if each.left then
      each.left = each.left - 1
      redis.call('SET', KEYS[1], cjson.encode(faults), 'PX', redis.call('PTTL', KEYS[1]))
    end
    return each.fault
  end
end
return nil
