-- Keeps dead letters of one shard; one with the id of another replaces it, also one that is being put back.
-- KEYS: order, bodies, size, held (see LetterKeys)
-- ARGV: for each: id, instant of death, body (see form.py)
-- Answers: how many letters the shard holds, and their bytes.
local order, bodies, size, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
for i = 1, #ARGV, 3 do
  local id, died_at, body = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local grown = tonumber(string.match(body, '^%d+'))
  local before = redis.call('HGET', bodies, id)
  if before then
    grown = grown - tonumber(string.match(before, '^%d+'))
  end
  redis.call('ZADD', order, died_at, id)
  redis.call('HSET', bodies, id, body)
  redis.call('INCRBY', size, grown)
  redis.call('HDEL', held, id)
end
return {redis.call('ZCARD', order), tonumber(redis.call('GET', size) or 0)}
