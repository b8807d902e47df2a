#!lua flags=allow-oom
-- Adds what a node has changed in a durable subscription to what is known of it, and tells its topic.
-- The same as `merged` in policy/receiving/durable_changes.py.
--
-- KEYS    state: a hash of e (epoch), f (floor), u (used at), v (number of the last change), and for each offset that is
--         settled above the floor "x", for each that is not settled the tries that failed
-- ARGV    topic, node, change: [epoch, epoch before, whole, [[first, last] settled], [[first, last] taken back],
--         [[offset, tries or -1]], used at]
-- answer  the number of the change; 0 where nothing is known that a part could be added to; -1 where it is known in another epoch
--
-- The first number is the time, in microseconds, and each change has the next one. So one that was removed and is made
-- anew has higher numbers than it had before.

local state, topic, node = KEYS[1], ARGV[1], ARGV[2]
local change = cjson.decode(ARGV[3])
local epoch, before, whole, settled, reopened, attempts, used_at = unpack(change)
local BATCH = 1000

local known = redis.call('HMGET', state, 'e', 'f', 'u')
local began = not known[1]
if began and not whole then
  return 0
end
if not began and known[1] ~= epoch then
  if not whole or known[1] ~= before then
    return -1
  end
  local version = redis.call('HGET', state, 'v')
  redis.call('DEL', state)
  redis.call('HSET', state, 'v', version)
  known = {epoch, '0', known[3]}
end
local floor = tonumber(known[2] or 0)

local function drop(first, last)
  local fields = {}
  if last - first > BATCH then
    for _, field in ipairs(redis.call('HKEYS', state)) do
      local offset = tonumber(field)
      if offset and offset >= first and offset <= last then
        fields[#fields + 1] = field
      end
    end
  else
    for offset = first, last do
      fields[#fields + 1] = string.format('%d', offset)
    end
  end
  for i = 1, #fields, BATCH do
    redis.call('HDEL', state, unpack(fields, i, math.min(i + BATCH - 1, #fields)))
  end
end

local function name(offset)
  return string.format('%d', offset)
end

-- first, so that the floor does not pass them
for _, run in ipairs(reopened) do
  for offset = math.max(run[1], floor + 1), run[2] do
    if redis.call('HGET', state, name(offset)) == 'x' then
      redis.call('HDEL', state, name(offset))
    end
  end
end
for _, run in ipairs(settled) do
  local first, last = run[1], run[2]
  if first <= floor + 1 then
    drop(first, last)
    floor = math.max(floor, last)
  else
    for offset = first, last do
      redis.call('HSET', state, name(offset), 'x')
    end
  end
end
while redis.call('HGET', state, name(floor + 1)) == 'x' do
  floor = floor + 1
  redis.call('HDEL', state, name(floor))
end

for _, run in ipairs(reopened) do
  for offset = run[1], math.min(run[2], floor) do
    redis.call('HSETNX', state, name(offset), '0')
  end
end

for _, pair in ipairs(attempts) do
  local offset, field = pair[1], name(pair[1])
  local now = redis.call('HGET', state, field)
  if pair[2] == -1 then
    if offset > floor and now and now ~= 'x' then
      redis.call('HDEL', state, field)
    end
  elseif (now and now ~= 'x') or (not now and offset > floor) then
    redis.call('HSET', state, field, name(pair[2]))
  end
end

used_at = math.max(used_at, tonumber(known[3] or 0))
redis.call('HSET', state, 'e', epoch, 'f', name(floor), 'u', string.format('%.0f', used_at))
if began then
  local now = redis.call('TIME')
  redis.call('HSET', state, 'v', now[1] .. string.format('%06d', now[2]))
end
local version = redis.call('HINCRBY', state, 'v', 1)
redis.call('SPUBLISH', topic, '["d",1,' .. string.format('%.0f', version) .. ',' .. cjson.encode(node) .. ',' .. ARGV[3]
  .. ',' .. tostring(began) .. ']')
return version
