-- Put before every script of one inbox.
-- KEYS: meta, stream, places, ends, gone, nodes, topic (see InboxKeys)
local META, STREAM, PLACES, ENDS, GONE, NODES, TOPIC = unpack(KEYS)

-- An entry of the stream holds these fields in this order: i id, z size, x expires at, a placed at, c connections then,
-- e and o place in the client's own stream, n notification.
local ID, SIZE, EXPIRES, PLACED, CONNECTIONS, OWN_EPOCH, OWN_OFFSET, BODY = 2, 4, 6, 8, 10, 12, 14, 16

-- Where the inbox stands; epoch is nil where there is none.
local function look()
    local m = redis.call('HMGET', META, 'epoch', 'head', 'floor', 'cursor', 'bytes', 'oldest', 'newest', 'renewed')
    return {
        epoch = m[1] or nil, head = tonumber(m[2] or 0), floor = tonumber(m[3] or 0), cursor = tonumber(m[4] or 0),
        bytes = tonumber(m[5] or 0), oldest = tonumber(m[6] or 0), newest = tonumber(m[7] or 0),
        renewed = tonumber(m[8] or 0),
    }
end

local function exact(number)
    return string.format('%.0f', number)
end

local function keep(m)
    redis.call('HSET', META, 'epoch', m.epoch, 'head', m.head, 'floor', m.floor, 'cursor', m.cursor, 'bytes', m.bytes,
        'oldest', exact(m.oldest), 'newest', exact(m.newest), 'renewed', exact(m.renewed))
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
            m.floor, m.bytes = m.head, 0
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
        m.oldest = pair[2] and tonumber(pair[2][2][PLACED]) or 0
    end
end

-- What the index has to know: head, floor, bytes, oldest, newest.
local function figures(m)
    return {m.head, m.floor, m.bytes, exact(m.oldest), exact(m.newest)}
end
