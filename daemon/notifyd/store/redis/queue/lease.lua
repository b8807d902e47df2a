#!lua flags=allow-oom
-- Hand out what is due in one lane of one shard, most urgent first.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  the node, which has to be the owner, and goes on being it
-- ARGV[2]  for how many milliseconds from now
-- ARGV[3]  the lane
-- ARGV[4]  how many at most
-- ARGV[5]  now, as the caller has it: milliseconds since the epoch
-- ARGV[6]  the end of the lease
-- ARGV[7]  of how many of the next ones the order keys are told
-- ARGV[8]  the token of the lease, which was never used before
-- ARGV[9...]  tokens of calls whose answers were lost: what they leased is ready again
--
-- Answers {0} to who is not the owner, or {1, paused, ready ones that are left, the first that comes up, the
-- first lease that ends ("" for none), notifications and bytes of the shard, order keys of the next ones as MessagePack,
-- and for each leased one: the notification, tries that failed}.

local tag, node, lane, now = KEYS[1], ARGV[1], ARGV[3], ARGV[5]
local ready, scheduled, leased = tag .. ':ready:' .. lane, tag .. ':scheduled:' .. lane, tag .. ':leased:' .. lane
if redis.call('GET', tag .. ':owner') ~= node then
  return {0}
end
redis.call('PEXPIRE', tag .. ':owner', ARGV[2])

local function ids_of(members)
  local ids = {}
  for at, member in ipairs(members) do
    ids[at] = string.sub(member, 14)
  end
  return ids
end

local function make_ready(from, members)
  if #members == 0 then
    return
  end
  local ids = ids_of(members)
  local metas = redis.call('HMGET', tag .. ':m', unpack(ids))
  local tries = redis.call('HMGET', tag .. ':tries', unpack(ids))
  local words = {}
  for at, member in ipairs(members) do
    if metas[at] then
      local rank = tries[at] and string.match(tries[at], ' (%S+)$')
      words[#words + 1] = rank and rank ~= '-' and rank or string.match(metas[at], ' (%S+) ')
      words[#words + 1] = member
    end
  end
  redis.call('ZREM', from, unpack(members))
  if #words > 0 then
    redis.call('ZADD', ready, unpack(words))
  end
  if from == leased then
    redis.call('HDEL', tag .. ':held', unpack(ids))
  end
end

-- What comes up, or is held no longer, is ready; a thousand at once are enough for any batch.
local function promote(from)
  make_ready(from, redis.call('ZRANGE', from, '-inf', now, 'BYSCORE', 'LIMIT', 0, 1000))
end

local function take_back(token)
  local members = redis.call('ZRANGE', leased, 0, -1)
  for first = 1, #members, 1000 do
    local part = {unpack(members, first, math.min(first + 999, #members))}
    local held = redis.call('HMGET', tag .. ':held', unpack(ids_of(part)))
    local lost = {}
    for at, member in ipairs(part) do
      if held[at] and string.match(held[at], '^%d+') == token then
        lost[#lost + 1] = member
      end
    end
    make_ready(leased, lost)
  end
end

for at = 9, #ARGV do
  take_back(ARGV[at])
end
promote(scheduled)
promote(leased)

local paused = redis.call('EXISTS', tag .. ':paused')
local limit = paused == 1 and 0 or tonumber(ARGV[4])
local token = ARGV[8]
local handed_out = {}
while limit > 0 do
  local popped = redis.call('ZPOPMIN', ready, math.min(limit, 500))
  if #popped == 0 then
    break
  end
  limit = limit - #popped / 2
  local members = {}
  for at = 1, #popped, 2 do
    members[#members + 1] = popped[at]
  end
  local ids = ids_of(members)
  local bodies = redis.call('HMGET', tag .. ':n', unpack(ids))
  local tries = {}
  if redis.call('EXISTS', tag .. ':tries') == 1 then
    tries = redis.call('HMGET', tag .. ':tries', unpack(ids))
  end
  local held, ends = {}, {}
  for at, id in ipairs(ids) do
    if bodies[at] then
      held[#held + 1] = id
      held[#held + 1] = token .. ' ' .. ARGV[6]
      ends[#ends + 1] = ARGV[6]
      ends[#ends + 1] = members[at]
      handed_out[#handed_out + 1] = bodies[at]
      handed_out[#handed_out + 1] = tries[at] and tonumber(string.match(tries[at], '^%d+')) or 0
    end
  end
  if #held > 0 then
    redis.call('HSET', tag .. ':held', unpack(held))
    redis.call('ZADD', leased, unpack(ends))
  end
end

local scores = {}
local left = redis.call('ZCARD', ready)
local heads = tonumber(ARGV[7])
if left > 0 and heads > 0 then
  local next_ones = redis.call('ZRANGE', ready, 0, heads - 1, 'WITHSCORES')
  for at = 2, #next_ones, 2 do
    scores[#scores + 1] = tonumber(next_ones[at])
  end
end
local answer = {
  1,
  paused,
  left,
  redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')[2] or '',
  redis.call('ZRANGE', leased, 0, 0, 'WITHSCORES')[2] or '',
  redis.call('HLEN', tag .. ':m'),
  tonumber(redis.call('HGET', tag .. ':figures', 'bytes') or 0),
  cmsgpack.pack(scores),
}
for _, word in ipairs(handed_out) do
  answer[#answer + 1] = word
end
return answer
