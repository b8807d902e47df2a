-- Moves the cursor of an inbox forward.
-- ARGV: epoch, offset
-- Answers: where it was before, and where it is now; nothing where the inbox is another one.
local m = look()
local offset = tonumber(ARGV[2])
if m.epoch ~= ARGV[1] or offset > m.head then
  return {}
end
local before = m.cursor
if offset > before then
  m.cursor = offset
  redis.call('HSET', META, 'cursor', offset)
  tell(m)
end
return {before, m.cursor}
