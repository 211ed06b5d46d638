-- One decision over all policies of a request, by the store's clock: either every policy gives its units or none does.
--
-- KEYS  1: the token's generation; then one per policy
-- ARGV  three per policy: capacity (negative: a shadow, which gives units and never refuses), step (µs), slices (0: a token
--       bucket); after these 'look': take nothing, or 'spread', or ''; and how many units are asked for, 1 when left out: of a
--       policy that never has so many, all that it can have
-- reply now (µs), generation or nil, 1 if admitted else 0, then per policy:
--       remaining, µs until it is whole again if nothing more is sent, µs until it can give the units (0: now)
--
-- A bucket holds `capacity` units and gains one each `step`. Kept: the instant at which it will be full.
-- A window counts units in slices of `step`. A unit counts until its whole slice is older than `slices` slices, so that
-- no interval of slices * step ever sees more than `capacity`. Kept: newest slice, total, a ring of slices + 1 counts.
--
-- With 'spread', those who are refused are not all told the same moment, at which one of them would be served and the
-- others refused again. Each is promised slots of its own, behind those of whoever was refused before, and told the last
-- of them. One slot, if it may be the first request of its kind; SHARE of them once somebody comes back and is refused
-- again, for that is a worker with more to do: it then finds units for as many requests, and not for one. Nothing is
-- kept for anybody: units go to who comes. Kept behind the state: how far slots are promised, and since when.
--
-- A state from the future means that the clock was set back. It is drawn to the present and kept even if nothing is
-- given, or else it would refuse until the clock has caught up.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept = redis.call('MGET', unpack(KEYS))

local SHARE = 8
local FARTHEST = 60000000 -- µs: nobody is told to wait for longer than this because of others
local RETURNS = 2000000 -- µs: who was told a second has come back after this, whole seconds being told

local function keep(key, state, whole)
  redis.call('SET', key, state, 'PX', math.ceil(whole / 1000) + 1000)
end

-- How many slots to promise, and since when those who are refused have been coming.
local function share(promised, since)
  if not since or since > now or promised + RETURNS <= now then return 1, now end
  if now - since < RETURNS / 2 then return 1, since end
  return SHARE, since
end

local function keep_bucket(key, bucket)
  local state, lasts = string.format('%.0f', bucket.full), bucket.full - now
  if bucket.since then
    state = string.format('%.0f %.0f %.0f', bucket.full, bucket.promised, bucket.since)
    lasts = math.max(lasts, bucket.promised + RETURNS - now)
  end
  keep(key, state, lasts)
end

local function read_bucket(key, state, capacity, step, units)
  local full, promised, since = tonumber(state or 0), nil, nil
  if not full then
    full, promised, since = string.match(state, '(%d+) (%d+) (%d+)')
    full, promised, since = tonumber(full), tonumber(promised), tonumber(since)
  end
  full = math.max(full, now)
  if full > now + capacity * step then
    full, promised, since = now + capacity * step, nil, nil
    keep_bucket(key, {full = full})
  end
  return {
    full = full,
    promised = promised,
    since = since,
    left = math.floor((now + capacity * step - full) / step),
    whole = full - now,
    wait = math.max(0, full - now - (capacity - units) * step),
  }
end

local function take_bucket(key, policy, step, units)
  policy.full = policy.full + units * step
  policy.left = policy.left - units
  policy.whole = policy.full - now
  if policy.since and policy.promised + RETURNS <= now then policy.since = nil end
  keep_bucket(key, policy)
end

local function promise_bucket(key, policy, step)
  local first = now + policy.wait
  local slots, since = share(policy.promised or 0, policy.since)
  local slot = math.max(policy.promised or 0, first - step) + slots * step
  if slot > math.max(first, now + FARTHEST) then slot = first end
  policy.promised, policy.since, policy.wait = slot, since, slot - now
  keep_bucket(key, policy)
end

-- µs until `units` have come free, or until all have
local function wait_window(policy, units, step, slices)
  local window, wait = policy.window, 0
  local current = window[1]
  for slice = current - slices, current do
    if units <= 0 then break end
    local count = window[3 + slice % (slices + 1)]
    if count > 0 then
      units = units - count
      wait = (slice + slices + 1) * step - now
    end
  end
  return wait
end

local function read_window(key, state, capacity, step, slices, units)
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
  local freed = 0
  for slice = newest + 1, current do
    local at = 3 + slice % ring
    freed = freed + window[at]
    window[at] = 0
  end
  total = total - freed
  window[1], window[2] = current, total
  -- behind the ring: how many units are promised that have not come free yet, until when, and since when
  if window[ring + 3] then window[ring + 3] = math.max(0, window[ring + 3] - freed) end
  local whole = 0
  if total > 0 then whole = (newest + ring) * step - now end
  local policy = {window = window, left = math.max(0, capacity - total), whole = whole, wait = 0}
  if total + units > capacity then policy.wait = wait_window(policy, total + units - capacity, step, slices) end
  return policy
end

local function take_window(key, policy, step, slices, units)
  local ring = slices + 1
  local window = policy.window
  local at = 3 + window[1] % ring
  window[at] = window[at] + units
  window[2] = window[2] + units
  policy.left = policy.left - units
  policy.whole = (window[1] + ring) * step - now
  keep(key, cmsgpack.pack(window), policy.whole)
end

local function promise_window(key, policy, capacity, step, slices, units)
  local window, ring = policy.window, slices + 1
  local slots, since = share(window[ring + 4] or 0, window[ring + 5])
  local short = window[2] + units - capacity
  local promised = (window[ring + 3] or 0) + slots
  local wait = wait_window(policy, short + promised - 1, step, slices)
  if short + promised - 1 > window[2] or wait > math.max(policy.wait, FARTHEST) then
    promised, wait = slots, policy.wait
  end
  window[ring + 3], window[ring + 4], window[ring + 5] = promised, now + wait, since
  policy.wait = wait
  keep(key, cmsgpack.pack(window), math.max(policy.whole, wait + RETURNS))
end

local manner = ARGV[3 * #KEYS - 2]
local asked = tonumber(ARGV[3 * #KEYS - 1] or 1)
local policies = {}
local admitted = 1
for nth = 1, #KEYS - 1 do
  local key, state = KEYS[nth + 1], kept[nth + 1]
  local capacity, step, slices = tonumber(ARGV[3 * nth - 2]), tonumber(ARGV[3 * nth - 1]), tonumber(ARGV[3 * nth])
  local policy
  local shadow = capacity < 0
  if shadow then capacity = -capacity end
  local units = math.min(asked, capacity)
  if slices == 0 then
    policy = read_bucket(key, state, capacity, step, units)
  else
    policy = read_window(key, state, capacity, step, slices, units)
  end
  if policy.wait > 0 and not shadow then admitted = 0 end
  policy.capacity, policy.step, policy.slices = capacity, step, slices
  policy.shadow, policy.units = shadow, units
  policies[nth] = policy
end

if manner == 'look' then admitted = 0 end

local reply = {now, kept[1], admitted}
for nth, policy in ipairs(policies) do
  local key = KEYS[nth + 1]
  if admitted == 0 then
    -- nothing is taken from any
    if manner ~= 'spread' or policy.wait == 0 or policy.shadow then
      -- nor is anybody told to wait for it
    elseif policy.slices == 0 then
      promise_bucket(key, policy, policy.step)
    else
      promise_window(key, policy, policy.capacity, policy.step, policy.slices, policy.units)
    end
  elseif policy.shadow and policy.wait > 0 then
    -- it has none to give
  elseif policy.slices == 0 then
    take_bucket(key, policy, policy.step, policy.units)
  else
    take_window(key, policy, policy.step, policy.slices, policy.units)
  end
  reply[3 * nth + 1], reply[3 * nth + 2], reply[3 * nth + 3] = policy.left, policy.whole, policy.wait
end
return reply
