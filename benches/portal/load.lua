-- What wrk sends: one text after another from a file, one in a line as JSON has it. Arguments: the file, milliseconds between two requests of
-- a connection on average: each pause is drawn from an exponential distribution, since clients know nothing of one another (with equal pauses
-- all connections stay as close together as they began). At the end one line of JSON.

local bodies, pause, next_one = {}, 0, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    table.insert(bodies, wrk.format("POST", nil, { ["Content-Type"] = "text/plain" }, (line:gsub("\\n", "\n"))))
  end
  pause = tonumber(arguments[2])
  -- threads begin at different places
  next_one = math.random(#bodies)
end

function request()
  next_one = next_one % #bodies + 1
  return bodies[next_one]
end

function delay()
  return math.floor(-math.log(1 - math.random()) * pause + 0.5)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "most": %f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
