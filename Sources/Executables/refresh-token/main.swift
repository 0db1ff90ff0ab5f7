import AuthAPI
import Endpoints

run(refreshToken)
