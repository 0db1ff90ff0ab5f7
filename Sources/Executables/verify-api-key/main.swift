import API
import Endpoints

run(verifyAPIKey)
