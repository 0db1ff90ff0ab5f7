import AuthAPI
import Endpoints

run(verifyAPIKey)
