import { type Script, script } from './connection.js';

/**
 * Values lie in a hash, the order of keys in a sorted set whose scores are all 0 (Redis then orders members by their bytes), and the times
 * when entries are over in a second one.
 */
const common = `
local keys, values, times = KEYS[1] .. ':keys', KEYS[1] .. ':values', KEYS[1] .. ':times'
local now = tonumber(ARGV[1])
local function isOver(key)
  local at = redis.call('ZSCORE', times, key)
  return at and tonumber(at) <= now
end
local function remove(key)
  redis.call('ZREM', keys, key)
  redis.call('HDEL', values, key)
  redis.call('ZREM', times, key)
end
local function put(key, value, at)
  redis.call('ZADD', keys, 0, key)
  redis.call('HSET', values, key, value)
  if at == '' then redis.call('ZREM', times, key) else redis.call('ZADD', times, at, key) end
end
-- What is over goes on the way, some at a time.
local function clear()
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', times, '-inf', now, 'LIMIT', 0, 256)) do remove(key) end
end
-- Changes are four arguments each: what, key, value, when it is over.
local function change(first)
  for i = first, #ARGV, 4 do
    if ARGV[i] == 'put' then put(ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) else remove(ARGV[i + 1]) end
  end
end
`;

const withCommon = (source: string): Script => script(`${common}${source}`);

/** Arguments: the time, the key. */
export const getScript: Script = withCommon(`
if isOver(ARGV[2]) then return false end
return redis.call('HGET', values, ARGV[2])
`);

/** Arguments: the time, changes. */
export const writeScript: Script = withCommon(`
clear()
change(2)
return 1
`);

/** Arguments: the time, whether something is expected, what, and then changes, of which the first is the entry itself. */
export const compareScript: Script = withCommon(`
clear()
local found = not isOver(ARGV[5]) and redis.call('HGET', values, ARGV[5])
if ARGV[2] == '1' then
  if found ~= ARGV[3] then return 0 end
elseif found then
  return 0
end
change(4)
return 1
`);

/** Arguments: the time, the bounds, how many, whether from the end. Answers the last key looked at, then keys and values. */
export const rangeScript: Script = withCommon(`
local found
if ARGV[5] == '1' then
  found = redis.call('ZREVRANGEBYLEX', keys, ARGV[3], ARGV[2], 'LIMIT', 0, ARGV[4])
else
  found = redis.call('ZRANGEBYLEX', keys, ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
end
local page = {#found, found[#found] or ''}
for _, key in ipairs(found) do
  if not isOver(key) then
    page[#page + 1] = key
    page[#page + 1] = redis.call('HGET', values, key)
  end
end
return page
`);

/** Answers the format of the store, which it sets where there is none. */
export const formatScript: Script = script(`
redis.call('SET', KEYS[1] .. ':format', ARGV[1], 'NX')
return redis.call('GET', KEYS[1] .. ':format')
`);
