-- What `wrk` sends, and what it prints at the end for the bench to read: `wrk … -s load.lua URL -- hello|json|pipeline`.

local DEPTH = 16

function init(args)
  local mode = args[1]
  if mode == "json" then
    local items = {}
    for at = 1, 8 do
      items[at] = string.format('{"id":%d,"name":"item %d","price":%d.5}', at, at, at)
    end
    wrk.method = "POST"
    wrk.path = "/orders"
    local headers = {
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
      ["Accept"] = "application/json, text/plain, */*",
      ["Accept-Language"] = "en-GB,en;q=0.8,de;q=0.5",
      ["Accept-Encoding"] = "gzip, deflate, br",
      ["Content-Type"] = "application/json",
      ["Authorization"] = "Bearer 0123456789abcdef0123456789abcdef",
      ["Cookie"] = "session=0123456789abcdef; theme=dark",
      ["X-Request-Id"] = "7f9c24e5-2f0b-4a1c-9c55-5f0d3ac1b7a2",
      ["Referer"] = "http://127.0.0.1/orders/new",
    }
    for name, value in pairs(headers) do wrk.headers[name] = value end
    wrk.body = '{"customer":"Ada Lovelace","items":[' .. table.concat(items, ",") .. "]}"
  elseif mode == "hono" then
    wrk.path = "/hello/ada"
  end
  -- A request of its own for each would be Lua's time; so wrk makes one, once.
  if mode == "pipeline" then
    local all = string.rep(wrk.format(), DEPTH)
    request = function() return all end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("\nfigures %d %d %d %d\n",
    summary.duration * 1000, summary.requests, latency:percentile(99) * 1000, failed))
end
