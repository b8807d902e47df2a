-- Places notifications in an inbox, each once.
-- ARGV: now, an epoch in case there is none, the most notifications, the most bytes, how long it lives without a new one
--       and how long what is kept in it does (seconds), how old that may be before it is said again (milliseconds),
--       then for each: id, size, expires at, its epoch and offset in the client's own stream, JSON
-- Answers: epoch; figures before (see lib.lua) and after; HGETALL of the connections of each node; id, offset and
--       expiry of those that went and had not arrived; then the offset of each, 0 where the user was removed meanwhile.
-- A longer message is not sent: who has the inbox at hand reads what is missing, page by page.
local MESSAGE_BYTES = 524288
local now, max_count, max_bytes = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
local m = look()
if not m.epoch then
  m.epoch = ARGV[2]
  begin(m)
end
local before, head = figures(m), m.head
local nodes = redis.call('HGETALL', NODES)
local connections = 0
for i = 2, #nodes, 2 do
  connections = connections + tonumber(nodes[i])
end
local removed = m.erased ~= '' and redis.call('EXISTS', GONE) == 1
local left, told = {}, {}
local answer = {m.epoch, before, false, nodes, left}

local function over(inbox)
  local count = inbox.head - inbox.floor
  -- one alone is kept, however big it is
  return count > max_count or (count > 1 and inbox.bytes > max_bytes)
end

for i = 8, #ARGV, 6 do
  local id = ARGV[i]
  local offset = redis.call('HGET', PLACES, id)
  if offset then
    offset = tonumber(offset)
  elseif removed and redis.call('HEXISTS', GONE, id) == 1 then
    offset = 0
  else
    offset = m.head + 1
    redis.call('XADD', STREAM, offset .. '-0', 'i', id, 'z', ARGV[i + 1], 'x', ARGV[i + 2], 'a', ARGV[1],
      'c', connections, 'e', ARGV[i + 3], 'o', ARGV[i + 4], 'n', ARGV[i + 5])
    redis.call('HSET', PLACES, id, offset)
    if m.floor == m.head then
      m.oldest = ARGV[1]
    end
    m.head, m.newest, m.bytes = offset, ARGV[1], m.bytes + tonumber(ARGV[i + 1])
    told[#told + 1] = string.format('[%s,%d,"%s",%s,%s]', ARGV[1], connections, ARGV[i + 3], ARGV[i + 4], ARGV[i + 5])
    evict(m, over, left)
  end
  answer[#answer + 1] = offset
end
answer[3] = figures(m)
if m.head > head then
  local renewed = tonumber(m.renewed)
  if now - renewed >= tonumber(ARGV[7]) or now < renewed then
    m.renewed = ARGV[1]
    keep(m)
    redis.call('EXPIRE', META, ARGV[5])
    redis.call('EXPIRE', STREAM, ARGV[6])
    redis.call('EXPIRE', PLACES, ARGV[6])
    redis.call('EXPIRE', ENDS, ARGV[6])
  else
    keep(m)
  end
  local entries = table.concat(told, ',')
  tell(m, nil, #entries <= MESSAGE_BYTES and entries or nil)
end
return answer
