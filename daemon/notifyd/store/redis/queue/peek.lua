-- Show what waits in one lane of one shard.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  ready or scheduled
-- ARGV[2]  the lane
-- ARGV[3]  ARGV[4]  from which one, from 0, and how many
--
-- Answers for each, in order: its order key, or when it comes up; the notification; "TRIES DUE RANK" of what was given
-- back or goes first, "" otherwise.

local tag = KEYS[1]
local first = tonumber(ARGV[3])
local found = redis.call('ZRANGE', tag .. ':' .. ARGV[1] .. ':' .. ARGV[2], first, first + ARGV[4] - 1, 'WITHSCORES')
local answer = {}
for at = 1, #found, 2 do
  local id = string.sub(found[at], 14)
  answer[#answer + 1] = found[at + 1]
  answer[#answer + 1] = redis.call('HGET', tag .. ':n', id) or ''
  answer[#answer + 1] = redis.call('HGET', tag .. ':tries', id) or ''
end
return answer
