import AuthAPI
import Endpoints

run(revokeToken)
