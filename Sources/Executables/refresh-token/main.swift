import API
import Endpoints

run(refreshToken)
