import AuthAPI
import Endpoints

run(health)
