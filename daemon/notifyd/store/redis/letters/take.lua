#!lua flags=allow-oom
-- Drops dead letters of one shard.
-- KEYS: order, bodies, size (see LetterKeys)
-- ARGV: their ids
-- Answers: the ids of those that were there.
local order, bodies, size = KEYS[1], KEYS[2], KEYS[3]
local taken = {}
for _, id in ipairs(ARGV) do
  local body = redis.call('HGET', bodies, id)
  if body then
    redis.call('ZREM', order, id)
    redis.call('HDEL', bodies, id)
    redis.call('DECRBY', size, string.match(body, '^%d+'))
    taken[#taken + 1] = id
  end
end
return taken
