import AuthAPI
import Endpoints

run(deleteAPIKey)
