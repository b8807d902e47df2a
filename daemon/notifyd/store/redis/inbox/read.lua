-- Reads an inbox; one that is not there begins.
-- ARGV: an epoch in case there is none, how long such a one lives (seconds), the epoch and the offset up to which it is
--       known ('' and 0 for not), how many, how many bytes (beyond them no further one is added)
-- Answers: epoch, head, floor, cursor; HGETALL of ends; then of each kept after that offset: offset, placed at,
--       connections, epoch and offset in the client's own stream, JSON. Less than up to head: there is more.
local m = look()
if not m.epoch then
  m.epoch = ARGV[1]
  begin(m)
  redis.call('EXPIRE', META, ARGV[2])
end
local after = ARGV[3] == m.epoch and tonumber(ARGV[4]) or 0
local limit, max_bytes, bytes, count = tonumber(ARGV[5]), tonumber(ARGV[6]), 0, 0
local answer = {m.epoch, m.head, m.floor, m.cursor, redis.call('HGETALL', ENDS)}
while count < limit and bytes < max_bytes do
  local page = redis.call('XRANGE', STREAM, (after + 1) .. '-0', '+', 'COUNT', 20)
  for _, entry in ipairs(page) do
    if count >= limit or bytes >= max_bytes then
      break
    end
    local fields = entry[2]
    after = tonumber(string.match(entry[1], '^%d+'))
    answer[#answer + 1] = after
    for _, field in ipairs({PLACED, CONNECTIONS, OWN_EPOCH, OWN_OFFSET, BODY}) do
      answer[#answer + 1] = fields[field]
    end
    count, bytes = count + 1, bytes + #fields[BODY]
  end
  if #page < 20 then
    break
  end
end
return answer
