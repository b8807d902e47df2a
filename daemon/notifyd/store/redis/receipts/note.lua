-- Add to the receipts and timelines of notifications of one shard. Dropped where there is neither of the two.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  the node
-- ARGV[2]  the number of this call among those of the node; a number that is not above the last one is passed over
-- ARGV[3]  ARGV[4]  how many events of one notification are kept, and how many of all of the shard
-- ARGV[5...]  for each: what to do, id, first word, second word
--             e EVENT ""       add to the timeline
--             a COUNT ""       add to the acks
--             f FIELD VALUE    set a field of the rows of its users
--             i FIELD COUNT    add to one
--
-- Answers the ids that are known here, each once.

local tag = KEYS[1]
local last = tag .. ':noted:' .. ARGV[1]
if tonumber(ARGV[2]) <= tonumber(redis.call('GET', last) or 0) then
  return {}
end
-- longer than a call may be on its way
redis.call('SET', last, ARGV[2], 'EX', 3600)
local max_events, max_all = tonumber(ARGV[3]), tonumber(ARGV[4])
local known, told = {}, {}
local more = 0

-- The rest of the life of a receipt is that of all that belongs to it.
local function grow_old(key, id)
  local left = redis.call('PTTL', tag .. ':r:' .. id)
  if left > 0 then
    redis.call('PEXPIRE', key, left)
  end
end

local function add_event(id, event)
  local key = tag .. ':t:' .. id
  local size = redis.call('LLEN', key)
  if size >= max_events then
    return
  end
  redis.call('RPUSH', key, event)
  redis.call('RPUSH', tag .. ':events', id)
  more = more + 1
  if size == 0 then
    grow_old(key, id)
  end
end

for at = 5, #ARGV, 4 do
  local what, id, word, value = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if known[id] == nil then
    known[id] = redis.call('HEXISTS', tag .. ':m', id) == 1 or redis.call('HEXISTS', tag .. ':r:' .. id, 'r') == 1
    if known[id] then
      told[#told + 1] = id
    end
  end
  if known[id] then
    local rows = tag .. ':u:' .. id
    if what == 'e' then
      add_event(id, word)
    elseif what == 'a' then
      redis.call('HINCRBY', tag .. ':r:' .. id, 'a', word)
    elseif what == 'f' then
      if redis.call('HSET', rows, word, value) == 1 and redis.call('HLEN', rows) == 1 then
        grow_old(rows, id)
      end
    elseif what == 'i' then
      redis.call('HINCRBY', rows, word, value)
    end
  end
end

-- over all, the events go of what something was noted of first
local surplus = tonumber(redis.call('HGET', tag .. ':figures', 'events') or 0) + more - max_all
local listed = redis.call('LLEN', tag .. ':events')
while listed > 0 and (surplus > 0 or listed > 2 * max_all) do
  local id = redis.call('LPOP', tag .. ':events')
  listed = listed - 1
  if redis.call('LPOP', tag .. ':t:' .. id) then
    surplus = surplus - 1
    more = more - 1
  end
end
if more ~= 0 then
  redis.call('HINCRBY', tag .. ':figures', 'events', more)
end
if #told > 0 then
  redis.call('SPUBLISH', tag .. ':told', table.concat(told, '\n'))
end
return told
