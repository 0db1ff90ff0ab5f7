import AuthAPI
import Endpoints

run(revokeOtherSessions)
