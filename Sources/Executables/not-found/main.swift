// Answers every path and method without an endpoint: 404, or 405 with Allow, in the envelope.

import API

runNotFound()
