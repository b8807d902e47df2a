-- Reads dead letters of one shard in the order of death, those of one instant by id.
-- KEYS: order, bodies (see LetterKeys)
-- ARGV: 'asc' or 'desc', instant and id of the last one known or '' and '', the first instant or '', the instant before
--       which all died or '', how many, how many bytes (beyond them no further one is added)
-- Answers: for each: id, instant of death, body. Fewer than asked for, and fewer bytes: there are no more.
local order, bodies = KEYS[1], KEYS[2]
local ascending = ARGV[1] == 'asc'
local place_at, place_id = tonumber(ARGV[2]), ARGV[3]
local since, until_at = tonumber(ARGV[4]), tonumber(ARGV[5])
local limit, max_bytes = tonumber(ARGV[6]), tonumber(ARGV[7])

local function exact(instant)
  return string.format('%.0f', instant)
end

local rank
if place_at then
  local known
  if redis.call('ZSCORE', order, place_id) == exact(place_at) then
    known = redis.call(ascending and 'ZRANK' or 'ZREVRANK', order, place_id)
  end
  if known then
    rank = known + 1
  elseif ascending then
    -- it has gone since: from the first of its instant on, without those before it
    rank = redis.call('ZCOUNT', order, '-inf', '(' .. exact(place_at))
  else
    rank = redis.call('ZCOUNT', order, '(' .. exact(place_at), '+inf')
  end
elseif ascending then
  rank = since and redis.call('ZCOUNT', order, '-inf', '(' .. exact(since)) or 0
else
  rank = until_at and redis.call('ZCOUNT', order, exact(until_at), '+inf') or 0
end

local found, bytes = {}, 0
while true do
  local page = redis.call(ascending and 'ZRANGE' or 'ZREVRANGE', order, rank, rank + 99, 'WITHSCORES')
  for i = 1, #page, 2 do
    local id, died_at = page[i], tonumber(page[i + 1])
    if (ascending and until_at and died_at >= until_at) or (not ascending and since and died_at < since) then
      return found
    end
    local behind = not place_at or died_at ~= place_at
      or (ascending and id > place_id) or (not ascending and id < place_id)
    if behind then
      if #found >= 3 * limit or bytes >= max_bytes then
        return found
      end
      local body = redis.call('HGET', bodies, id)
      if body then
        found[#found + 1] = id
        found[#found + 1] = page[i + 1]
        found[#found + 1] = body
        bytes = bytes + #body
      end
    end
  end
  if #page < 200 then
    return found
  end
  rank = rank + 100
end
