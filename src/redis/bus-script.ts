import { type Script, script } from './connection.js';

/*
 * What lies on the server, below `{prefix}:bus:`
 *   q:<name>:<0|1|2>   the mailbox of a member: a stream for each priority, with the group `m`; an instance is a consumer of it.
 *                      Streams, because their list of pending entries remembers who holds what, and how often it was handed out.
 *   box:<name>         its settings
 *   i:<name>           its instances, by the end of their leases
 *   orphans:<name>     consumers that are gone, whose pending entries wait for another one; `released` holds what was given back
 *   members            names, by the end of the last lease
 *   topic:<topic>      names
 *   expiry             entries that wait, by their end
 *   seen               ids with mailbox, by time
 *   dead, h:<thread>, threads, counts, waiting (mailboxes that senders wait for), reply:<id>
 * Leases, expiry and stamps go by the clock of the server alone.
 */
const common = `
local base = KEYS[1] .. ':bus:'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function queue(name, p) return base .. 'q:' .. name .. ':' .. p end
local function count(what) redis.call('HINCRBY', base .. 'counts', what, 1) end
local function tell(text) redis.call('PUBLISH', base .. 'notices', text) end
local function wake(name) redis.call('PUBLISH', base .. 'mail:' .. name, 'mail') end
local function isThere(name)
  local untilMs = redis.call('ZSCORE', base .. 'members', name)
  return untilMs and tonumber(untilMs) > now
end
local function depth(name)
  return redis.call('XLEN', queue(name, 0)) + redis.call('XLEN', queue(name, 1)) + redis.call('XLEN', queue(name, 2))
end
local function entryAt(name, p, id)
  local found = redis.call('XRANGE', queue(name, p), id, id)[1]
  return found and found[2]
end
-- An entry is a list: e, message, s, sent, x, expires, i, id, r, bus that waits for a response.
local function isOver(entry) return entry[6] ~= '' and tonumber(entry[6]) <= now end
local function expiryOf(name, p, id) return name .. '\\n' .. p .. '\\n' .. id end
local function room(name)
  if redis.call('SREM', base .. 'waiting', name) == 1 then tell('room ' .. name) end
end
local function remove(name, p, id)
  redis.call('XACK', queue(name, p), 'm', id)
  redis.call('XDEL', queue(name, p), id)
  redis.call('ZREM', base .. 'expiry', expiryOf(name, p, id))
  room(name)
end
local function bury(name, entry, reason, problem, max)
  count(reason)
  redis.call('XADD', base .. 'dead', 'MAXLEN', max, '*', 'e', entry[2], 's', entry[4], 'x', entry[6],
    'm', name, 'reason', reason, 'error', problem, 'at', now)
end
local function expire(max)
  for _, place in ipairs(redis.call('ZRANGEBYSCORE', base .. 'expiry', '-inf', now, 'LIMIT', 0, 200)) do
    redis.call('ZREM', base .. 'expiry', place)
    local name, p, id = string.match(place, '^(.*)\\n(%d)\\n(.*)$')
    local entry = entryAt(name, p, id)
    if entry then
      bury(name, entry, 'expired', '', max)
      remove(name, p, id)
    end
  end
end
local function record(thread, message, expires, maxMessages, maxThreads)
  if thread == '' then return end
  redis.call('XADD', base .. 'h:' .. thread, 'MAXLEN', maxMessages, '*', 'e', message, 's', now, 'x', expires)
  redis.call('ZADD', base .. 'threads', redis.call('HINCRBY', base .. 'counts', 'uses', 1), thread)
  if redis.call('ZCARD', base .. 'threads') > tonumber(maxThreads) then
    redis.call('DEL', base .. 'h:' .. redis.call('ZPOPMIN', base .. 'threads')[1])
  end
end
local function quit(name)
  redis.call('ZREM', base .. 'members', name)
  local topics = redis.call('HGET', base .. 'box:' .. name, 'topics')
  for _, topic in ipairs(topics and cjson.decode(topics) or {}) do redis.call('SREM', base .. 'topic:' .. topic, name) end
  redis.call('SREM', base .. 'waiting', name)
  -- Those who wait for room find that nobody is there.
  tell('room ' .. name)
end
-- Takes instances whose lease is over from the list. The mail of one who died stays a while: it may come again.
local function reap(name, keepMs)
  local gone = redis.call('ZRANGEBYSCORE', base .. 'i:' .. name, '-inf', now)
  for _, instance in ipairs(gone) do
    redis.call('ZREM', base .. 'i:' .. name, instance)
    redis.call('SADD', base .. 'orphans:' .. name, instance)
  end
  if redis.call('ZCARD', base .. 'i:' .. name) > 0 then
    if #gone > 0 then wake(name) end
  elseif redis.call('ZSCORE', base .. 'members', name) then
    for p = 0, 2 do redis.call('PEXPIRE', queue(name, p), keepMs) end
    redis.call('PEXPIRE', base .. 'orphans:' .. name, keepMs)
    quit(name)
    redis.call('DEL', base .. 'box:' .. name)
    tell('died ' .. name)
  end
end
`;

/** A script with what all scripts of the bus share. */
export const busScript = (source: string): Script => script(`${common}${source}`);
