#!lua flags=allow-oom
-- Ends what hold.lua began: a letter is gone where its notification was taken in, and back where it was not.
-- KEYS: order, bodies, size, held (see LetterKeys), the notifications that wait in the shard
-- ARGV: what the keys of the shard's receipts begin with; the instant before which all that are held are meant;
--       'gone' or 'back' where that is known of the others, or ''; the word of the call that held them, and their ids
-- Answers: the ids of those that are back.
local order, bodies, size, held, waiting = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local receipts, before = ARGV[1], tonumber(ARGV[2])
local back = {}

local function taken_in(notification)
  if redis.call('HEXISTS', waiting, notification) == 1 then
    return true
  end
  -- it may have gone its way since; what died again has a letter of its own
  local state = redis.call('HGET', receipts .. notification, 'state')
  return state and state ~= 'dead'
end

local function let_go(id, kept, verdict)
  local notification, died_at, body = string.match(kept, '^%d+ %S+ (%S+) (%S+) (.*)$')
  local back_again = verdict == 'back' or (verdict ~= 'gone' and not taken_in(notification))
  if back_again and redis.call('HEXISTS', bodies, id) == 0 then
    redis.call('ZADD', order, died_at, id)
    redis.call('HSET', bodies, id, body)
    redis.call('INCRBY', size, string.match(body, '^%d+'))
    back[#back + 1] = id
  end
  redis.call('HDEL', held, id)
end

for i = 5, #ARGV do
  local kept = redis.call('HGET', held, ARGV[i])
  if kept and string.match(kept, '^%d+ (%S+)') == ARGV[4] then
    let_go(ARGV[i], kept, ARGV[3])
  end
end
if redis.call('HLEN', held) > 0 then
  local all = redis.call('HGETALL', held)
  for i = 1, #all, 2 do
    if tonumber(string.match(all[i + 1], '^%d+')) < before then
      let_go(all[i], all[i + 1], '')
    end
  end
end
return back
