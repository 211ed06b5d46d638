-- Raises the generation kept for a token, never lowers it: a worker that read SQL before a revocation and speaks after
-- it must not undo it. An equal one keeps its expiry, so that every token is looked up in SQL again at least that often.
--
-- KEYS 1: the token's generation   ARGV 1: generation, 2: seconds to keep   reply: the generation now kept
local kept = tonumber(redis.call('GET', KEYS[1]) or nil)
local offered = tonumber(ARGV[1])
if kept and kept >= offered then return kept end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return offered
