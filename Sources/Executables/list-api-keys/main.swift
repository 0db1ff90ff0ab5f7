import AuthAPI
import Endpoints

run(listAPIKeys)
