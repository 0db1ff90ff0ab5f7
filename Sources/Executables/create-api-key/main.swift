import AuthAPI
import Endpoints

run(createAPIKey)
