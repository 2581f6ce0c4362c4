-- Posts one body from every connection. Arguments after "--": the body, in which {n} is replaced by
-- a different number in each request; the number of different values; the header "Prefer", or "";
-- and the number of answers after which to stop, or 0 to run until the time is over.

local before, after, modulus
local sent = 0
local wanted
local answered = 0
local failed = 0

-- A prime, so that successive values are not neighbours in memory.
local STRIDE = 7919

local function numbered()
  sent = sent + 1
  local number = (sent * STRIDE) % modulus
  return wrk.format(nil, nil, nil, before .. string.format("%d", number) .. after)
end

local function tell(answered, elapsedMs, failed)
  io.write(string.format('result {"answered":%d,"elapsedMs":%f,"failed":%d}\n',
    answered, elapsedMs, failed))
  io.flush()
end

local function counted(status)
  answered = answered + 1
  if status >= 300 then failed = failed + 1 end
  if answered < wanted then return end
  tell(answered, 0, failed)
  -- After wrk.thread:stop(), wrk would still wait until its time is over.
  os.exit(0)
end

function init(args)
  local body = args[1]
  modulus = tonumber(args[2])
  wanted = tonumber(args[4])
  wrk.method = "POST"
  wrk.body = body
  wrk.headers["content-type"] = "application/json"
  if args[3] ~= "" then wrk.headers["prefer"] = args[3] end
  before, after = string.match(body, "^(.-){n}(.*)$")
  -- Only the functions that are needed: wrk is fastest without any.
  if before then request = numbered end
  if wanted > 0 then response = counted end
end

function done(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  tell(summary.requests, summary.duration / 1000, failed)
end
