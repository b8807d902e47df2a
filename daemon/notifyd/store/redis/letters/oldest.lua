-- Tells the oldest dead letters of one shard without their bodies.
-- KEYS: order, bodies (see LetterKeys)
-- ARGV: how many
-- Answers: for each: id, instant of death, size.
local page = redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')
local found = {}
for i = 1, #page, 2 do
  local body = redis.call('HGET', KEYS[2], page[i]) or ''
  found[#found + 1] = page[i]
  found[#found + 1] = page[i + 1]
  found[#found + 1] = string.match(body, '^%d+') or '0'
end
return found
