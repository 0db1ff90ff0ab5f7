-- Each request has another body: a line of the file BODIES, from the one after START on.

local bodies, at = {}, tonumber(os.getenv("START"))
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
local headers = { ["Content-Type"] = "application/json" }

function request()
    at = at + 1
    return wrk.format("POST", nil, headers, bodies[at])
end
