-- What all scripts share. The environment says what a run is about:
--   STATUS  the status that every answer must have
--   LINES   a file with one line for each guest: an access token, or a login
--   ORDER   the body of an order
--   RUN     a name that no other run has

local expected = tonumber(os.getenv("STATUS"))
local threads = {}

lines = {}
for line in io.lines(os.getenv("LINES")) do
  lines[#lines + 1] = line
end

-- every calls make(line) for each guest and returns a function that goes
-- through the results in turn. What can be made before the run is: the
-- generator shares its cores with the server.
function every(make)
  local made, next = {}, 0
  for i, line in ipairs(lines) do
    made[i] = make(line)
  end
  return function()
    next = next % #made + 1
    return made[next]
  end
end

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
end

wrong, example = 0, 0 -- the example is the first wrong status

function response(status)
  if status ~= expected then
    wrong = wrong + 1
    example = example > 0 and example or status
  end
end

-- done prints one line of JSON for the program that started wrk. Times are in
-- microseconds.
function done(summary, latency)
  local wrong, example = 0, 0
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong")
    example = math.max(example, thread:get("example"))
  end
  local e = summary.errors
  print(string.format(
    '{"requests":%d,"span":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d,"wrong":%d,"example":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(90), latency:percentile(99),
    latency.max, wrong, example, e.connect, e.read, e.write, e.timeout))
end
