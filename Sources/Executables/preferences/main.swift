import AuthAPI
import Endpoints

run(preferences)
