import AuthAPI
import Endpoints

run(rotateAPIKey)
