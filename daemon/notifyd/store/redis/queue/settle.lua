#!lua flags=allow-oom
-- Record how leased notifications of one shard ended, and let go of them.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  now, as the caller has it: milliseconds since the epoch
-- ARGV[2]  for how many milliseconds a receipt is kept at most
-- ARGV[3...]  for each: id, token of the lease, state, receipt, how many users it has, dead letter as "SIZE JSON" or ""
--
-- Answers {notifications, bytes of the shard, and the number of each one, from 0, whose lease was lost}.
--
-- What is given up becomes a dead letter here, with the id of its notification.

local tag, now = KEYS[1], tonumber(ARGV[1])
local lanes = {l = 'live', p = 'push', w = 'webhook'}
local ids = {}
for at = 3, #ARGV, 6 do
  ids[#ids + 1] = ARGV[at]
end
local held = redis.call('HMGET', tag .. ':held', unpack(ids))
local metas = redis.call('HMGET', tag .. ':m', unpack(ids))

local refused = {}
local gone, members, settled, leased, priorities = {}, {}, {}, {}, {}
local size, rows = 0, 0

local function bury(id, body)
  local bodies = tag .. ':dead:bodies'
  local before = redis.call('HGET', bodies, id)
  local more = tonumber(string.match(body, '^%d+')) - (before and tonumber(string.match(before, '^%d+')) or 0)
  redis.call('HSET', bodies, id, body)
  redis.call('ZADD', tag .. ':dead', now, id)
  redis.call('INCRBY', tag .. ':dead:bytes', more)
end

local function keep_receipt(id, at)
  local key = tag .. ':r:' .. id
  redis.call('HSET', key, 'r', ARGV[at + 3], 's', ARGV[1], 'state', ARGV[at + 2])
  redis.call('PEXPIRE', key, ARGV[2])
  redis.call('PEXPIRE', tag .. ':t:' .. id, ARGV[2])
  if ARGV[at + 4] ~= '0' then
    redis.call('PEXPIRE', tag .. ':u:' .. id, ARGV[2])
    rows = rows + ARGV[at + 4]
  end
  settled[#settled + 1] = ARGV[1] .. ' ' .. ARGV[at + 4] .. ' ' .. id
end

for number, id in ipairs(ids) do
  local at = 3 + (number - 1) * 6
  local token, ends = string.match(held[number] or '', '^(%d+) (%d+)$')
  if token == ARGV[at + 1] and tonumber(ends) > now and metas[number] then
    local place, lane, bytes = string.match(metas[number], '^(.-)(%l) %S+ (%d+)$')
    gone[#gone + 1] = id
    members[#members + 1] = place .. id
    leased[lane] = leased[lane] or {}
    table.insert(leased[lane], place .. id)
    local priority = string.sub(place, 13)
    priorities[priority] = (priorities[priority] or 0) + 1
    size = size + bytes
    keep_receipt(id, at)
    if ARGV[at + 5] ~= '' then
      bury(id, ARGV[at + 5])
    end
  else
    refused[#refused + 1] = number - 1
  end
end

if #gone > 0 then
  redis.call('HDEL', tag .. ':n', unpack(gone))
  redis.call('HDEL', tag .. ':m', unpack(gone))
  redis.call('HDEL', tag .. ':held', unpack(gone))
  redis.call('HDEL', tag .. ':tries', unpack(gone))
  redis.call('ZREM', tag .. ':all', unpack(members))
  for lane, words in pairs(leased) do
    redis.call('ZREM', tag .. ':leased:' .. lanes[lane], unpack(words))
  end
  for priority, fewer in pairs(priorities) do
    redis.call('HINCRBY', tag .. ':priorities', priority, -fewer)
  end
  redis.call('RPUSH', tag .. ':settled', unpack(settled))
  redis.call('HINCRBY', tag .. ':figures', 'bytes', -size)
  if rows > 0 then
    redis.call('HINCRBY', tag .. ':figures', 'rows', rows)
  end
  redis.call('SPUBLISH', tag .. ':told', table.concat(gone, '\n'))
end
return {
  redis.call('HLEN', tag .. ':m'),
  tonumber(redis.call('HGET', tag .. ':figures', 'bytes') or 0),
  unpack(refused),
}
