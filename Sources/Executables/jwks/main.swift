import AuthAPI
import Endpoints

run(keySet)
