-- Each request has another body: a line of the file BODIES, from the one after START on. With NETWORKS, each comes from
-- another network.

local bodies, at = {}, tonumber(os.getenv("START"))
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
local headers = { ["Content-Type"] = "application/json" }
local networks = os.getenv("NETWORKS")

function request()
    at = at + 1
    if networks then
        headers["X-Forwarded-For"] = string.format("10.%d.%d.%d", math.floor(at / 62500) % 250, math.floor(at / 250) % 250, at % 250)
    end
    return wrk.format("POST", nil, headers, bodies[at])
end
