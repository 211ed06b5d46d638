-- One decision over all policies of a request, by the store's clock: either every policy gives one unit or none does.
--
-- KEYS  1: the token's generation; then one per policy
-- ARGV  three per policy: capacity, step (µs), slices (0: a token bucket); anything after these: look, take nothing
-- reply now (µs), generation or nil, 1 if admitted else 0, then per policy:
--       remaining, µs until it is whole again if nothing more is sent, µs until it can give one unit (0: now)
--
-- A bucket holds `capacity` units and gains one each `step`. Kept: the instant at which it will be full.
-- A window counts units in slices of `step`. A unit counts until its whole slice is older than `slices` slices, so that
-- no interval of slices * step ever sees more than `capacity`. Kept: newest slice, total, a ring of slices + 1 counts.
--
-- A state from the future means that the clock was set back. It is drawn to the present and kept even if nothing is
-- given, or else it would refuse until the clock has caught up.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept = redis.call('MGET', unpack(KEYS))

local function keep(key, state, whole)
  redis.call('SET', key, state, 'PX', math.ceil(whole / 1000) + 1000)
end

local function keep_bucket(key, full)
  keep(key, string.format('%.0f', full), full - now)
end

local function read_bucket(key, state, capacity, step)
  local full = math.max(tonumber(state or 0), now)
  if full > now + capacity * step then
    full = now + capacity * step
    keep_bucket(key, full)
  end
  return {
    full = full,
    left = math.floor((now + capacity * step - full) / step),
    whole = full - now,
    wait = math.max(0, full - now - (capacity - 1) * step),
  }
end

local function take_bucket(key, policy, step)
  local full = policy.full + step
  policy.left = policy.left - 1
  policy.whole = full - now
  keep_bucket(key, full)
end

local function read_window(key, state, capacity, step, slices)
  local ring = slices + 1
  local current = math.floor(now / step)
  local window = state and cmsgpack.unpack(state)
  if not window or current - window[1] >= ring then
    window = {current, 0}
    for at = 3, ring + 2 do window[at] = 0 end
  end
  local newest, total = window[1], window[2]
  if newest > current then
    for at = 3, ring + 2 do window[at] = 0 end
    window[1], window[3 + current % ring] = current, total
    newest = current
    keep(key, cmsgpack.pack(window), ring * step)
  end
  for slice = newest + 1, current do
    local at = 3 + slice % ring
    total = total - window[at]
    window[at] = 0
  end
  window[1], window[2] = current, total
  local wait = 0
  local excess = total + 1 - capacity
  for slice = current - slices, current do
    if excess <= 0 then break end
    excess = excess - window[3 + slice % ring]
    wait = (slice + ring) * step - now
  end
  local whole = 0
  if total > 0 then whole = (newest + ring) * step - now end
  return {window = window, left = math.max(0, capacity - total), whole = whole, wait = wait}
end

local function take_window(key, policy, step, slices)
  local ring = slices + 1
  local window = policy.window
  local at = 3 + window[1] % ring
  window[at] = window[at] + 1
  window[2] = window[2] + 1
  policy.left = policy.left - 1
  policy.whole = (window[1] + ring) * step - now
  keep(key, cmsgpack.pack(window), policy.whole)
end

local policies = {}
local admitted = 1
for nth = 1, #KEYS - 1 do
  local key, state = KEYS[nth + 1], kept[nth + 1]
  local capacity, step, slices = tonumber(ARGV[3 * nth - 2]), tonumber(ARGV[3 * nth - 1]), tonumber(ARGV[3 * nth])
  local policy
  if slices == 0 then
    policy = read_bucket(key, state, capacity, step)
  else
    policy = read_window(key, state, capacity, step, slices)
  end
  if policy.wait > 0 then admitted = 0 end
  policy.step, policy.slices = step, slices
  policies[nth] = policy
end

if ARGV[3 * #KEYS - 2] then admitted = 0 end

local reply = {now, kept[1], admitted}
for nth, policy in ipairs(policies) do
  if admitted == 0 then
    -- nothing is taken from any
  elseif policy.slices == 0 then
    take_bucket(KEYS[nth + 1], policy, policy.step)
  else
    take_window(KEYS[nth + 1], policy, policy.step, policy.slices)
  end
  reply[3 * nth + 1], reply[3 * nth + 2], reply[3 * nth + 3] = policy.left, policy.whole, policy.wait
end
return reply
