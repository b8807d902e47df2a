#!lua flags=allow-oom
-- Lets go of the oldest publications of one stream.
--
-- KEYS    meta, stream, sizes
-- ARGV    publications to keep at most; what was stamped up to here goes; bytes that are to go at least, of what was
--         stamped up to there (0: none)
-- answer  {how many went, publications kept, their bytes, when the oldest was stamped or 0, when the newest was, head}

local meta, stream, sizes = KEYS[1], KEYS[2], KEYS[3]
local most, over_age, to_free, spare_until = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local PEEK = 100

local known = redis.call('HMGET', meta, 'head', 'bytes', 'last')
local head, bytes = tonumber(known[1] or 0), tonumber(known[2] or 0)
local kept = redis.call('LLEN', sizes)
local went, freed, oldest = 0, 0, 0

local function goes(at)
  return kept - went > most or at <= over_age or (freed < to_free and at <= spare_until)
end

local done = kept == 0
while not done do
  local page = redis.call('LRANGE', sizes, went, went + PEEK - 1)
  done = #page == 0
  for _, entry in ipairs(page) do
    local at, size = string.match(entry, '^(%d+) (%d+)$')
    at = tonumber(at)
    if not goes(at) then
      oldest = at
      done = true
      break
    end
    went = went + 1
    freed = freed + tonumber(size)
  end
end

if went > 0 then
  kept = kept - went
  bytes = bytes - freed
  redis.call('LTRIM', sizes, went, -1)
  redis.call('XTRIM', stream, 'MINID', (head - kept + 1) .. '-0')
  redis.call('HSET', meta, 'bytes', bytes)
end
return {went, kept, bytes, oldest, tonumber(known[3] or 0), head}
