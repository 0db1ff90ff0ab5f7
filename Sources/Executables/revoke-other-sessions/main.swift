import API
import Endpoints

run(revokeOtherSessions)
