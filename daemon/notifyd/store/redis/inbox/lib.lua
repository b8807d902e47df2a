#!lua flags=allow-oom
-- Put before every script of one inbox.
-- KEYS: meta, stream, places, ends, gone, nodes, topic (see InboxKeys)
local META, STREAM, PLACES, ENDS, GONE, NODES, TOPIC = unpack(KEYS)

-- An entry of the stream holds these fields in this order: i id, z size, x expires at, a placed at, c connections then,
-- e and o place in the client's own stream, n notification.
local ID, SIZE, EXPIRES, PLACED, CONNECTIONS, OWN_EPOCH, OWN_OFFSET, BODY = 2, 4, 6, 8, 10, 12, 14, 16

-- Where the inbox stands; epoch is false where there is none. Instants are left as words: numbers would be rounded.
local function look()
  local m = redis.call('HMGET', META, 'epoch', 'head', 'floor', 'cursor', 'bytes', 'oldest', 'newest', 'renewed',
    'erased')
  if not m[1] then
    return {
      epoch = false, head = 0, floor = 0, cursor = 0, bytes = 0, oldest = '0', newest = '0', renewed = '0',
      erased = '',
    }
  end
  return {
    epoch = m[1], head = tonumber(m[2]), floor = tonumber(m[3]), cursor = tonumber(m[4]), bytes = tonumber(m[5]),
    oldest = m[6], newest = m[7], renewed = m[8], erased = m[9],
  }
end

local function begin(m)
  redis.call('HSET', META, 'epoch', m.epoch, 'head', 0, 'floor', 0, 'cursor', 0, 'bytes', 0, 'oldest', 0,
    'newest', 0, 'renewed', 0, 'erased', m.erased)
end

-- All but the cursor and the epoch.
local function keep(m)
  redis.call('HSET', META, 'head', m.head, 'floor', m.floor, 'bytes', m.bytes, 'oldest', m.oldest,
    'newest', m.newest, 'renewed', m.renewed)
end

-- Tells every node that has it at hand: version, epoch, head, floor, cursor, ends, the newest entries.
local function tell(m, ends, entries)
  redis.call('SPUBLISH', TOPIC, string.format('[1,"%s",%d,%d,%d,[%s],[%s]]', m.epoch, m.head, m.floor, m.cursor,
    ends or '', entries or ''))
end

-- Lets the oldest go as long as over() says so; adds id, offset and expiry of those that had not arrived to left.
local function evict(m, over, left)
  local pair
  while m.floor < m.head and over(m) do
    pair = redis.call('XRANGE', STREAM, '-', '+', 'COUNT', 2)
    local entry = pair[1]
    if not entry then
      -- lost, whatever took it
      m.floor, m.bytes, m.oldest = m.head, 0, '0'
      return
    end
    local offset, fields = tonumber(string.match(entry[1], '^%d+')), entry[2]
    redis.call('XDEL', STREAM, entry[1])
    redis.call('HDEL', PLACES, fields[ID])
    local ended = redis.call('HGET', ENDS, offset)
    if ended then
      redis.call('HDEL', ENDS, offset)
    elseif offset > m.cursor then
      left[#left + 1] = fields[ID]
      left[#left + 1] = offset
      left[#left + 1] = fields[EXPIRES]
    end
    m.floor = offset
    m.bytes = m.bytes - tonumber(fields[SIZE])
    m.oldest = pair[2] and pair[2][2][PLACED] or '0'
  end
end

-- What the index has to know: head, floor, bytes, oldest, newest.
local function figures(m)
  return {m.head, m.floor, m.bytes, m.oldest, m.newest}
end
