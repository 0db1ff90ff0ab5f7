import API
import Endpoints

run(revokeToken)
