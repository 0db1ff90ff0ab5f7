// Every path and method that no endpoint has: 404, or 405 with Allow, in the envelope.

import API

runNotFound()
