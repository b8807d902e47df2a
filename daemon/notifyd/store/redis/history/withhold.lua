#!lua flags=allow-oom
-- Leaves publications that were given up out of every read: their places are spent, and they are for nobody.
--
-- KEYS    meta, stream, places
-- ARGV    topic, names in `places`
-- answer  how many there were

local meta, stream, places = KEYS[1], KEYS[2], KEYS[3]
local REMEMBERED = 512
local epoch = redis.call('HGET', meta, 'epoch')
local found = 0
for i = 2, #ARGV do
  local offset = redis.call('HGET', places, ARGV[i])
  if epoch and offset then
    redis.call('XDEL', stream, offset .. '-0')
    local withheld = (redis.call('HGET', meta, 'withheld') or '') .. offset .. ' '
    -- who was away for so long that more were withheld has lost more than that
    withheld = string.gsub(string.sub(withheld, -REMEMBERED), #withheld > REMEMBERED and '^%S* ' or '^$', '')
    redis.call('HSET', meta, 'withheld', withheld)
    redis.call('SPUBLISH', ARGV[1], '["w",1,"' .. epoch .. '",' .. offset .. ']')
    found = found + 1
  end
  redis.call('HDEL', places, ARGV[i])
end
return found
