#!lua flags=allow-oom
-- Gives notifications their places in one stream, keeps them there, and tells the stream's topic. One that has its
-- place already gets the same again.
--
-- KEYS    meta, stream, places, sizes, nodes
-- ARGV    topic, the epoch of a stream that is unknown, shard, fence, now, publications to keep at most,
--         how many names come next, names to take out of `places`,
--         then for each notification: its name in `places`, its size, its JSON
-- answer  {epoch, {offset, ...}, {node, connections, ...}, head, publications kept, their bytes,
--         when the oldest of them was stamped or 0}
-- error   STALE: the shard has a newer owner, and nothing was done

local meta, stream, places, sizes, nodes = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local topic, now, most = ARGV[1], ARGV[5], tonumber(ARGV[6])
local MESSAGE_BYTES = 524288
local PLACES_SECONDS = 3600

local known = redis.call('HMGET', meta, 'epoch', 'head', 'bytes', 'shard', 'fence')
local epoch, head, bytes = known[1], tonumber(known[2] or 0), tonumber(known[3] or 0)
if not epoch then
  epoch, head, bytes = ARGV[2], 0, 0
  redis.call('DEL', stream, places, sizes)
elseif known[4] == ARGV[3] and tonumber(known[5]) > tonumber(ARGV[4]) then
  return redis.error_reply('STALE another node sees to shard ' .. ARGV[3])
end

local first = 8 + tonumber(ARGV[7])
local over = {}
for i = 8, first - 1 do
  over[ARGV[i]] = true
end

local names = {}
for i = first, #ARGV, 3 do
  names[#names + 1] = ARGV[i]
end
local old = {}
for i = 1, #names, 1000 do
  for _, offset in ipairs(redis.call('HMGET', places, unpack(names, i, math.min(i + 999, #names)))) do
    old[#old + 1] = offset
  end
end

local told, told_bytes, told_first = {}, 0, 0
local function tell()
  if #told > 0 then
    local items = table.concat(told, ',')
    redis.call('SPUBLISH', topic, '["p",1,"' .. epoch .. '",' .. told_first .. ',[' .. items .. ']]')
    told, told_bytes = {}, 0
  end
end

local offsets = {}
for n = 1, #names do
  local offset = tonumber(old[n] or nil)
  if not offset or over[names[n]] then
    over[names[n]] = nil
    head = head + 1
    offset = head
    local size, stored = ARGV[first + 3 * n - 2], ARGV[first + 3 * n - 1]
    if most > 0 then
      redis.call('XADD', stream, offset .. '-0', 'n', stored, 'a', now)
      redis.call('RPUSH', sizes, now .. ' ' .. size)
      bytes = bytes + tonumber(size)
    end
    redis.call('HSET', places, names[n], offset)
    if #told == 0 then
      told_first = offset
    end
    told[#told + 1] = '[' .. now .. ',' .. stored .. ']'
    told_bytes = told_bytes + #stored
    if told_bytes > MESSAGE_BYTES then
      tell()
    end
  end
  offsets[n] = offset
end

local kept = redis.call('LLEN', sizes)
if kept > most then
  for _, entry in ipairs(redis.call('LPOP', sizes, kept - most)) do
    bytes = bytes - tonumber(string.match(entry, '%d+$'))
  end
  kept = most
  redis.call('XTRIM', stream, 'MINID', (head - kept + 1) .. '-0')
end

redis.call('HSET', meta, 'epoch', epoch, 'head', head, 'bytes', bytes, 'last', now, 'shard', ARGV[3], 'fence', ARGV[4])
redis.call('PERSIST', meta)
redis.call('EXPIRE', places, PLACES_SECONDS)
-- at the end: in a slot that is on its way to another node no key may be used that has just become empty
local gone = {}
for name in pairs(over) do
  gone[#gone + 1] = name
end
for i = 1, #gone, 1000 do
  redis.call('HDEL', places, unpack(gone, i, math.min(i + 999, #gone)))
end
tell()

local oldest = redis.call('LINDEX', sizes, 0)
return {
  epoch, offsets, redis.call('HGETALL', nodes), head, kept, bytes,
  oldest and tonumber(string.match(oldest, '^%d+')) or 0,
}
