-- Take notifications into one shard of the queue, in groups; of each group all or none.
--
-- KEYS[1]  the tag of the shard, {qN}; every key of the shard begins with it
-- ARGV[1]  the node that asks
-- ARGV[2]  ARGV[3]  how many notifications and bytes the shard may hold with these
-- ARGV[4]  how many groups, and then for each how many notifications it has, behind a letter:
--          n  an id that waits is a conflict
--          o  what waits, or was settled, was taken in before and is passed over
--          a  as n, and the receipt of what was settled begins anew
--          f  as n, whatever the shard may hold
-- then     for each notification: id, notification, lane and priority (as "l5"), order key, size, when it comes up
--          (0: now), accepted at
--
-- Answers {notifications, bytes of the shard as it is then, and for each group: "ok", "known", "full" or "conflict"}.

local tag = KEYS[1]
local node = ARGV[1]
local max_count, max_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local groups = tonumber(ARGV[4])
local lanes = {l = 'live', p = 'push', w = 'webhook'}
local meta = tag .. ':m'
local count = redis.call('HLEN', meta)
local bytes = tonumber(redis.call('HGET', tag .. ':figures', 'bytes') or 0)

local function put(command, key, words)
  for first = 1, #words, 1000 do
    redis.call(command, key, unpack(words, first, math.min(first + 999, #words)))
  end
end

local arriving = {}
local taken = {}
local size = 0
local words = {}

local function known(id, mode)
  if arriving[id] or redis.call('HEXISTS', meta, id) == 1 then
    return true
  end
  return mode == 'o' and redis.call('HEXISTS', tag .. ':r:' .. id, 'r') == 1
end

local function take(mode, first, last)
  local more = 0
  for at = first, last, 7 do
    if known(ARGV[at], mode) then
      return mode == 'o' and 'known' or 'conflict'
    end
    more = more + ARGV[at + 4]
  end
  local number = (last - first) / 7 + 1
  if mode ~= 'f' and (count + #taken + number > max_count or bytes + size + more > max_bytes) then
    return 'full'
  end
  for at = first, last, 7 do
    arriving[ARGV[at]] = true
    taken[#taken + 1] = at
    if mode == 'a' then
      redis.call('HDEL', tag .. ':r:' .. ARGV[at], 'r', 's', 'state')
      redis.call('DEL', tag .. ':u:' .. ARGV[at])
    end
  end
  size = size + more
  return 'ok'
end

local first = 5 + groups
for group = 1, groups do
  local mode, number = string.match(ARGV[4 + group], '^(%l)(%d+)$')
  local behind = first + number * 7
  words[group] = take(mode, first, behind - 7)
  first = behind
end
if #taken == 0 then
  return {count, bytes, unpack(words)}
end

local seq = redis.call('INCRBY', tag .. ':seq', #taken) - #taken
local bodies, metas, arrivals, lines, priorities = {}, {}, {}, {}, {}
local first_due = {}
for _, at in ipairs(taken) do
  seq = seq + 1
  local id, head, order, wakes = ARGV[at], ARGV[at + 2], ARGV[at + 3], ARGV[at + 5]
  local letter, priority = string.sub(head, 1, 1), string.sub(head, 2)
  local place = string.format('%012x', seq) .. priority
  local member = place .. id
  bodies[#bodies + 1] = id
  bodies[#bodies + 1] = ARGV[at + 1]
  metas[#metas + 1] = id
  metas[#metas + 1] = place .. letter .. ' ' .. order .. ' ' .. ARGV[at + 4]
  arrivals[#arrivals + 1] = ARGV[at + 6]
  arrivals[#arrivals + 1] = member
  local lane = lanes[letter]
  local line = (wakes == '0' and ':ready:' or ':scheduled:') .. lane
  lines[line] = lines[line] or {}
  table.insert(lines[line], wakes == '0' and order or wakes)
  table.insert(lines[line], member)
  first_due[lane] = math.min(first_due[lane] or math.huge, tonumber(wakes))
  priorities[priority] = (priorities[priority] or 0) + 1
end

-- the bell is for an owner elsewhere, who knows of everything that was there before
if redis.call('GET', tag .. ':owner') ~= node then
  for lane, due in pairs(first_due) do
    local next_due = redis.call('ZRANGE', tag .. ':scheduled:' .. lane, 0, 0, 'WITHSCORES')[2]
    if redis.call('ZCARD', tag .. ':ready:' .. lane) == 0 and (not next_due or due < tonumber(next_due)) then
      redis.call('SPUBLISH', tag .. ':bell', lane .. ' ' .. string.format('%.0f', due))
    end
  end
end

put('HSET', tag .. ':n', bodies)
put('HSET', meta, metas)
put('ZADD', tag .. ':all', arrivals)
for line, scored in pairs(lines) do
  put('ZADD', tag .. line, scored)
end
for priority, more in pairs(priorities) do
  redis.call('HINCRBY', tag .. ':priorities', priority, more)
end
bytes = redis.call('HINCRBY', tag .. ':figures', 'bytes', size)
return {count + #taken, bytes, unpack(words)}
