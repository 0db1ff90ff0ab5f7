import AuthAPI
import Endpoints

run(updateAPIKey)
