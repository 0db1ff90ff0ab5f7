import AuthAPI
import Endpoints

run(updateUser)
