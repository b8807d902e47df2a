-- Reads what comes after a place of one stream, or all of it where that cannot be continued. A stream that nobody knows
-- is begun, and remembered for a while.
--
-- KEYS    meta, stream, places, sizes
-- ARGV    topic, the epoch of a stream that begins, how long it is remembered while it is empty (ms),
--         the epoch and the offset that are known ("" and 0 for none), publications at most
-- answer  {epoch, head, first offset kept, {id, {field, value, ...}, ...} each, 1 where that is all up to head,
--         offsets withheld lately with a blank after each, bytes, when the newest was stamped}
--
-- Where more is known than there is, the server has lost what it had confirmed: places may be given out twice, so that
-- the stream begins anew.

local meta, stream, places, sizes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local after, most = tonumber(ARGV[5]), tonumber(ARGV[6])
local PAGE_BYTES = 1048576

local known = redis.call('HMGET', meta, 'epoch', 'head', 'bytes', 'withheld', 'last')
local epoch, head, bytes = known[1], tonumber(known[2] or 0), tonumber(known[3] or 0)
if epoch and epoch == ARGV[4] and after > head then
  redis.call('DEL', meta, stream, places, sizes)
  redis.call('SPUBLISH', ARGV[1], '["f",1]')
  epoch = nil
end
if not epoch then
  redis.call('DEL', stream, places, sizes)
  epoch, head, bytes = ARGV[2], 0, 0
  redis.call('HSET', meta, 'epoch', epoch, 'head', 0, 'bytes', 0)
end
if head == 0 then
  redis.call('PEXPIRE', meta, ARGV[3])
end

local kept = redis.call('LLEN', sizes)
local first = head - kept + 1
local from = first
if epoch == ARGV[4] and after + 1 > first then
  from = after + 1
end
if kept > 0 then
  most = math.max(1, math.min(most, math.floor(PAGE_BYTES * kept / (bytes + 1))))
end
local entries = {}
if from <= head and ARGV[6] ~= '0' then
  entries = redis.call('XRANGE', stream, from .. '-0', '+', 'COUNT', most)
end
return {
  epoch, head, first, entries, (from > head or #entries < most) and 1 or 0, known[4] or '', bytes,
  tonumber(known[5] or 0),
}
